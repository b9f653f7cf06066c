/* The chart "quadrant": customers by effect (across) and ability (up), with the bands as lines.
 * A click on a point opens the customer. Loaded after charts.js.
 */
(function () {
  'use strict';

  window.PortalCharts.kinds.quadrant = function (data, tools, element) {
    var words = data.words, colours = tools.colours, narrow = tools.isNarrow(element);
    if (!data.points.length) { return null; }
    var groups = [
      { key: 'unrated', colour: '#9aa8a1', symbol: 'emptyCircle', size: narrow ? 6 : 8 },
      { key: 'normal', colour: colours.brand, symbol: 'circle', size: narrow ? 7 : 9 },
      { key: 'problem', colour: colours.bad, symbol: 'triangle', size: narrow ? 9 : 11 }
    ].filter(function (group) {
      return data.points.some(function (point) { return point.group === group.key; });
    });
    var lines = data.effect.map(function (value) { return { xAxis: value }; })
      .concat(data.ability.map(function (value) { return { yAxis: value }; }));

    window.setTimeout(function () {
      var chart = echarts.getInstanceByDom(element);
      chart.off('click');
      chart.on('click', function (item) {
        if (item.data && item.data.point) { window.location.href = item.data.point.url; }
      });
    });

    return {
      grid: { left: narrow ? 34 : 48, right: narrow ? 24 : 40, top: 48, bottom: 46 },
      legend: tools.legend({ top: 4, right: 8 }),
      tooltip: tools.tooltip({
        formatter: function (item) {
          var point = item.data.point;
          return tools.lines(point.name, point.state, [
            [point.code, ''], [words.effect, point.x.toFixed(1)], [words.ability, point.y.toFixed(1)]
          ]);
        }
      }),
      xAxis: tools.axis({ type: 'value', name: words.effect, nameLocation: 'middle', nameGap: 28, min: 0, max: 100 }),
      yAxis: tools.axis({ type: 'value', name: words.ability, min: 0, max: 100, nameTextStyle: { align: 'left' } }),
      series: groups.map(function (group, index) {
        return {
          name: words[group.key],
          type: 'scatter',
          symbol: group.symbol,
          symbolSize: group.size,
          itemStyle: { color: group.colour, opacity: 0.8 },
          cursor: 'pointer',
          data: data.points.filter(function (point) { return point.group === group.key; })
            .map(function (point) { return { value: [point.x, point.y], point: point }; }),
          markLine: index ? undefined : {
            silent: true, symbol: 'none', data: lines,
            lineStyle: { color: colours.ink3, type: 'dashed', opacity: 0.7 },
            label: { color: colours.ink3, fontSize: 11, position: 'end' }
          }
        };
      })
    };
  };

  window.PortalCharts.start();
})();
