/* Charts: an element with data-chart="<kind>" and data-src="<address of JSON>".
 *
 * A kind is a function in Portal.charts, registered by a script loaded before this one:
 * (data, look) → ECharts option. `open(point)` of the option gives the address a click leads to.
 * Words come with the data; words for a failure from data-failed of the element.
 */
(function () {
  'use strict';

  var style = window.getComputedStyle(document.documentElement);
  function token(name) { return style.getPropertyValue(name).trim(); }

  var look = {
    token: token,
    isSmall: window.matchMedia('(max-width: 860px)').matches,
    ink: token('--ink'), ink2: token('--ink-2'), ink3: token('--ink-3'), line: token('--line'),
    brand: token('--brand'), ok: token('--ok'), warn: '#d99316', bad: token('--bad'), mute: '#aebbb4',
    font: token('--font'),
    axis: {
      axisLine: { lineStyle: { color: token('--line-2') } },
      axisTick: { show: false },
      axisLabel: { color: token('--ink-3') },
      nameTextStyle: { color: token('--ink-2') },
      splitLine: { lineStyle: { color: '#eef1ef' } }
    },
    text: function (value) { return echarts.format.encodeHTML(String(value)); }
  };

  var charts = [];

  function draw(place) {
    fetch(place.dataset.src, { headers: { Accept: 'application/json' }, credentials: 'same-origin' })
      .then(function (answer) {
        if (!answer.ok || answer.redirected) { throw new Error(String(answer.status)); }
        return answer.json();
      })
      .then(function (data) {
        var option = Portal.charts[place.dataset.chart](data, look), open = option.open;
        delete option.open;
        var chart = echarts.init(place, null, { renderer: 'canvas' });
        chart.setOption(Object.assign({
          aria: { enabled: true },
          animationDuration: 250,
          textStyle: { fontFamily: look.font, color: look.ink2 }
        }, option));
        if (open) {
          chart.on('click', function (point) {
            var address = open(point);
            if (address) { window.location.href = address; }
          });
        }
        charts.push(chart);
        place.dataset.ready = '1';
      })
      .catch(function () {
        place.textContent = place.dataset.failed || '';
        place.classList.add('chart-failed');
      });
  }

  Portal.charts = Portal.charts || {};
  document.querySelectorAll('[data-chart]').forEach(draw);
  window.addEventListener('resize', function () {
    charts.forEach(function (chart) { chart.resize(); });
  });
})();
