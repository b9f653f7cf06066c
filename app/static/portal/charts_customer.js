/* The chart of the customer file: cartons month by month. */
(function () {
  'use strict';

  window.PortalCharts.kinds.customer = function (data, tools) {
    if (!data.cartons.some(function (value) { return value; })) { return null; }
    return {
      grid: { left: 48, right: 12, top: 16, bottom: 28 },
      tooltip: tools.tooltip({
        trigger: 'axis',
        valueFormatter: function (value) { return value + ' ' + data.words.unit; }
      }),
      xAxis: tools.axis({ type: 'category', data: data.months }),
      yAxis: tools.axis({ type: 'value' }),
      series: [{
        name: data.words.cartons, type: 'bar', data: data.cartons, barMaxWidth: 28,
        itemStyle: { color: tools.colours.brand }
      }]
    };
  };
  window.PortalCharts.start();
})();
