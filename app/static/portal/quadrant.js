/* The chart "quadrant": customers by effect (across) and ability (up), with the bands as lines. */
(function () {
  'use strict';

  Portal.charts = Portal.charts || {};
  Portal.charts.quadrant = function (data, look) {
    var words = data.words;
    var groups = [
      { key: 'unrated', color: look.mute, symbol: 'emptyCircle', size: 8 },
      { key: 'normal', color: look.brand, symbol: 'circle', size: 9 },
      { key: 'problem', color: look.bad, symbol: 'triangle', size: 11 }
    ].filter(function (group) {
      return data.points.some(function (point) { return point.group === group.key; });
    });
    var lines = data.effect.map(function (value) { return { xAxis: value }; })
      .concat(data.ability.map(function (value) { return { yAxis: value }; }));
    var series = groups.map(function (group, index) {
      return {
        name: words[group.key],
        type: 'scatter',
        symbol: group.symbol,
        symbolSize: group.size,
        itemStyle: { color: group.color, opacity: 0.8 },
        cursor: 'pointer',
        data: data.points.filter(function (point) { return point.group === group.key; })
          .map(function (point) { return { value: [point.x, point.y], point: point }; }),
        markLine: index === 0 ? {
          silent: true, symbol: 'none', data: lines,
          lineStyle: { color: look.ink3, type: 'dashed', opacity: 0.7 },
          label: { color: look.ink3, fontSize: 11, position: 'end' }
        } : undefined
      };
    });
    return {
      grid: { left: 46, right: 40, top: 44, bottom: 46 },
      legend: { top: 4, left: 40, itemWidth: 12, itemHeight: 10, textStyle: { color: look.ink2 } },
      tooltip: {
        confine: true,
        formatter: function (item) {
          var point = item.data.point;
          return '<b>' + look.text(point.name) + '</b><br>' + look.text(point.code) +
            '<br>' + look.text(words.effect) + ' ' + point.x.toFixed(1) + ' · ' +
            look.text(words.ability) + ' ' + point.y.toFixed(1) +
            (point.state ? '<br>' + look.text(point.state) : '');
        }
      },
      xAxis: Object.assign({ type: 'value', name: words.effect, nameLocation: 'middle', nameGap: 28, min: 0, max: 100 }, look.axis),
      yAxis: Object.assign({ type: 'value', name: words.ability, nameLocation: 'end', min: 0, max: 100 }, look.axis),
      series: series,
      open: function (item) { return item.data && item.data.point ? item.data.point.url : ''; }
    };
  };
})();
