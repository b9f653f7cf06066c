/* Charts from JSON: an element with data-chart (a kind) and data-src (an address) or data-inline (the
 * id of a JSON script element). All words come with the data. Kinds register in PortalCharts.kinds:
 * function (data, tools) → an ECharts option, or null when there is nothing to draw.
 *
 * A select with data-chart-argument changes an argument of the charts whose kinds data-chart-of names.
 */
(function () {
  'use strict';

  var css = getComputedStyle(document.documentElement);
  function token(name) { return css.getPropertyValue('--' + name).trim(); }

  var colours = {
    brand: token('brand'), bad: token('bad'), warn: '#d99316', line: token('line'),
    ink: token('ink'), ink2: token('ink-2'), ink3: token('ink-3'), mute: '#c3cec8',
    info: '#2b6cc4', gold: '#c8860d', violet: '#6a57c2', surface: token('surface')
  };
  var escape = echarts.format.encodeHTML;

  var tools = {
    colours: colours,
    series: [colours.brand, colours.info, colours.bad, colours.violet],
    escape: escape,
    isNarrow: function (element) { return element.clientWidth < 480; },

    tooltip: function (more) {
      return Object.assign({
        confine: true, backgroundColor: colours.surface, borderColor: colours.line,
        textStyle: { color: colours.ink, fontSize: 13 },
        extraCssText: 'box-shadow:0 8px 28px rgba(20,32,27,.16);border-radius:8px'
      }, more);
    },

    axis: function (more) {
      return Object.assign({
        axisLine: { lineStyle: { color: colours.line } },
        axisTick: { show: false },
        splitLine: { lineStyle: { color: '#eef1ef' } }
      }, more, {
        axisLabel: Object.assign({ color: colours.ink3, fontSize: 12 }, more && more.axisLabel)
      });
    },

    legend: function (more) {
      return Object.assign({
        itemWidth: 14, itemHeight: 8, textStyle: { color: colours.ink2, fontSize: 12 }
      }, more);
    },

    /** The heading and "term value" lines of a tooltip. */
    lines: function (name, status, rows) {
      return '<b>' + escape(name) + '</b>' + (status ? ' · ' + escape(status) : '') +
        rows.map(function (row) { return '<br>' + escape(row[0]) + ' ' + escape(row[1]); }).join('');
    }
  };

  var drawn = [];

  function say(element, text, kind) {
    element.textContent = '';
    var note = document.createElement('p');
    note.className = 'chart-note ' + kind;
    note.textContent = text;
    element.appendChild(note);
  }

  /** What the chart lacks, below it. */
  function explain(element, text) {
    var note = element.nextElementSibling;
    if (!note || !note.matches('.chart-missing')) {
      if (!text) { return; }
      note = document.createElement('p');
      note.className = 'chart-missing';
      element.after(note);
    }
    note.textContent = text || '';
    note.hidden = !text;
  }

  function show(element, data) {
    explain(element, data.note);
    var option = window.PortalCharts.kinds[element.dataset.chart](data, tools, element);
    var present = echarts.getInstanceByDom(element);
    if (!option) {
      if (present) { present.dispose(); }
      say(element, data.words.empty, 'is-empty');
      return;
    }
    if (!present) {
      element.textContent = '';
      present = echarts.init(element, null, { renderer: 'canvas' });
      drawn.push(element);
    }
    present.setOption(Object.assign({
      textStyle: { fontFamily: token('font'), color: colours.ink2 },
      animationDuration: 250,
      aria: { enabled: true, label: { description: element.dataset.label || '' } }
    }, option), true);
    element.setAttribute('role', 'img');
    element.setAttribute('aria-label', element.dataset.label || '');
    element.dataset.ready = 'yes';
  }

  function load(element) {
    if (element.dataset.inline) {
      show(element, JSON.parse(document.getElementById(element.dataset.inline).textContent));
      return;
    }
    var asked = element.dataset.src;
    fetch(asked, { credentials: 'same-origin', headers: { Accept: 'application/json' } })
      .then(function (answer) {
        if (!answer.ok) { throw new Error(String(answer.status)); }
        return answer.json();
      })
      .then(function (data) {
        if (element.dataset.src === asked) { show(element, data); }
      })
      .catch(function () {
        var present = echarts.getInstanceByDom(element);
        if (present) { present.dispose(); }
        say(element, element.dataset.error || '', 'is-error');
      });
  }

  function choose(select) {
    var kinds = select.dataset.chartOf.split(' ');
    document.querySelectorAll('[data-chart]').forEach(function (element) {
      if (kinds.indexOf(element.dataset.chart) >= 0) {
        var url = new URL(element.dataset.src, window.location.href);
        url.searchParams.set(select.dataset.chartArgument, select.value);
        element.dataset.src = url.pathname + url.search;
        load(element);
      }
    });
    document.querySelectorAll('[data-chart-echo="' + select.dataset.chartArgument + '"]')
      .forEach(function (echo) { echo.textContent = select.selectedOptions[0].textContent; });
  }

  window.PortalCharts = {
    kinds: {},
    tools: tools,
    start: function () { document.querySelectorAll('[data-chart]').forEach(load); }
  };

  document.addEventListener('change', function (event) {
    if (event.target.matches('select[data-chart-argument]')) { choose(event.target); }
  });

  var timer = null;
  window.addEventListener('resize', function () {
    window.clearTimeout(timer);
    timer = window.setTimeout(function () {
      drawn.forEach(function (element) {
        var present = echarts.getInstanceByDom(element);
        if (present) { present.resize(); }
      });
    }, 120);
  });
})();
