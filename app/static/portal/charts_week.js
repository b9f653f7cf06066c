/* The chart of step 13: volume so far beside the pace of the month target. */
(function () {
  'use strict';

  window.PortalCharts.kinds.pace = function (data, tools) {
    var colours = tools.colours;
    if (!data.actual.some(function (value) { return value; })) { return null; }
    return {
      grid: { left: 60, right: 16, top: 34, bottom: 28 },
      legend: tools.legend({ top: 0, left: 0 }),
      tooltip: tools.tooltip({
        trigger: 'axis',
        valueFormatter: function (value) { return value === null || value === undefined ? '–' : value + ' ' + data.words.unit; }
      }),
      xAxis: tools.axis({ type: 'category', data: data.days, boundaryGap: false }),
      yAxis: tools.axis({ type: 'value' }),
      series: [
        {
          name: data.words.actual, type: 'line', data: data.actual, symbol: 'none',
          lineStyle: { width: 3, color: colours.brand }, itemStyle: { color: colours.brand },
          areaStyle: { color: colours.brand, opacity: 0.08 }
        },
        {
          name: data.words.pace, type: 'line', data: data.pace, symbol: 'none', step: 'end',
          lineStyle: { width: 2, type: 'dashed', color: colours.ink3 },
          itemStyle: { color: colours.ink3 }
        }
      ]
    };
  };
  window.PortalCharts.start();
})();
