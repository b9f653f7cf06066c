/* The charts of steps 5 and 6: actual against target, distance from the target, four rates, thirteen
 * months, parts of a gap. */
(function () {
  'use strict';

  var kinds = window.PortalCharts.kinds;

  function isKnown(value) { return value !== null && value !== undefined; }

  function deviationColour(row, colours) {
    if (row.abnormal) { return colours.bad; }
    return row.deviation < 0 ? colours.mute : '#9fcdbd';
  }

  function thresholdLines(threshold, colours, axis) {
    return {
      silent: true, symbol: 'none', label: { show: false },
      lineStyle: { color: colours.bad, type: 'dashed', opacity: 0.6 },
      data: [-threshold].map(function (value) {
        var line = {};
        line[axis] = value;
        return line;
      })
    };
  }

  function signed(value) { return (value > 0 ? '+' : '') + String(Math.round(value * 10) / 10); }

  /** The least and largest deviation shown: one runaway must not flatten the rest. */
  function reach(rows, threshold) {
    var most = rows.reduce(function (found, row) {
      return Math.max(found, Math.abs(row.deviation || 0));
    }, 0);
    return Math.max(threshold * 2, Math.min(Math.ceil(most / 5) * 5, 60));
  }

  kinds.bars = function (data, tools, element) {
    var rows = data.rows, colours = tools.colours, narrow = tools.isNarrow(element);
    if (!rows.length) { return null; }
    var names = rows.map(function (row) { return row.name; });
    var most = reach(rows, data.threshold), width = narrow ? 14 : 26;
    var left = 52;
    return {
      grid: [
        { left: left, right: 12, top: narrow ? 56 : 34, height: narrow ? '33%' : '44%' },
        { left: left, right: 12, bottom: narrow ? 10 : 14, height: '24%' }
      ],
      legend: tools.legend({ top: 0, left: 0, data: [data.words.actual, data.words.target, data.words.deviation] }),
      axisPointer: { link: [{ xAxisIndex: 'all' }] },
      tooltip: tools.tooltip({
        trigger: 'axis', axisPointer: { type: 'shadow' },
        formatter: function (points) {
          var row = rows[points[0].dataIndex];
          return tools.lines(row.name, row.status, row.lines);
        }
      }),
      xAxis: [
        tools.axis({ type: 'category', data: names, gridIndex: 0, axisLabel: { interval: 0, rotate: narrow || rows.length > 6 ? 32 : 0, color: colours.ink2, width: narrow ? 76 : 96, overflow: 'truncate' } }),
        tools.axis({ type: 'category', data: names, gridIndex: 1, axisLabel: { show: false } })
      ],
      yAxis: [
        tools.axis({ type: 'value', gridIndex: 0, axisLabel: { formatter: '{value}' + data.unit } }),
        tools.axis({ type: 'value', gridIndex: 1, min: -most * 1.4, max: most * 1.4, interval: most * 1.4, axisLabel: { formatter: function (value) { return value ? '' : '0' + data.deviation_unit; } } })
      ],
      series: [
        {
          name: data.words.actual, type: 'bar', barWidth: width, z: 2,
          itemStyle: { color: colours.brand, borderRadius: [3, 3, 0, 0] },
          data: rows.map(function (row) {
            return { value: row.actual, itemStyle: { color: row.abnormal ? colours.bad : colours.brand } };
          })
        },
        {
          name: data.words.target, type: 'scatter', symbol: 'rect', z: 3,
          symbolSize: [width + 12, 3], itemStyle: { color: colours.ink, opacity: 1 },
          data: rows.map(function (row) { return row.target; })
        },
        {
          name: data.words.deviation, type: 'bar', xAxisIndex: 1, yAxisIndex: 1, barWidth: width,
          itemStyle: { color: colours.mute },
          label: {
            show: true, fontSize: 11, color: colours.ink2, position: 'top',
            formatter: function (point) {
              var row = rows[point.dataIndex];
              return isKnown(row.deviation) ? signed(row.deviation) + data.deviation_unit : '';
            }
          },
          data: rows.map(function (row) {
            var value = isKnown(row.deviation) ? Math.max(-most, Math.min(most, row.deviation)) : null;
            return {
              value: value, itemStyle: { color: deviationColour(row, colours) },
              label: { position: row.deviation < 0 ? 'bottom' : 'top' }
            };
          }),
          markLine: thresholdLines(data.threshold, colours, 'yAxis')
        }
      ]
    };
  };

  kinds.deviation = function (data, tools, element) {
    var rows = data.rows.slice().reverse(), colours = tools.colours;
    if (!rows.length) { return null; }
    var most = reach(rows, data.threshold), narrow = tools.isNarrow(element);
    return {
      grid: { left: narrow ? 112 : 168, right: 52, top: 8, bottom: 28 },
      tooltip: tools.tooltip({
        formatter: function (point) {
          var row = rows[point.dataIndex];
          return tools.lines(row.name, row.status, row.lines);
        }
      }),
      xAxis: tools.axis({ type: 'value', min: -most * (narrow ? 1.8 : 1.35), max: most * (narrow ? 1.8 : 1.35), splitNumber: 4, axisLabel: { formatter: function (value) { return Math.abs(value) > most ? '' : Math.round(value) + '%'; } } }),
      yAxis: tools.axis({
        type: 'category', data: rows.map(function (row) { return row.name; }),
        axisLabel: { color: colours.ink2, width: narrow ? 100 : 156, overflow: 'truncate', interval: 0 }
      }),
      series: [{
        name: data.words.deviation, type: 'bar', barMaxWidth: 14,
        label: {
          show: true, fontSize: 11, color: colours.ink2,
          formatter: function (point) {
            var row = rows[point.dataIndex];
            return signed(row.deviation) + (row.unit === '%' ? '%' : '');
          }
        },
        data: rows.map(function (row) {
          return {
            value: Math.max(-most, Math.min(most, row.deviation)),
            itemStyle: { color: deviationColour(row, colours), borderRadius: 2 },
            label: { position: row.deviation < 0 ? 'left' : 'right' }
          };
        }),
        markLine: thresholdLines(data.threshold, colours, 'xAxis')
      }]
    };
  };

  kinds.radar = function (data, tools, element) {
    var colours = tools.colours, narrow = tools.isNarrow(element);
    var known = data.series[0] && data.series[0].values.some(isKnown);
    if (!known) { return null; }
    var looks = {
      actual: { lineStyle: { color: colours.brand, width: 2 }, itemStyle: { color: colours.brand }, areaStyle: { color: colours.brand, opacity: 0.12 } },
      target: { lineStyle: { color: colours.ink3, type: 'dashed' }, itemStyle: { color: colours.ink3 } },
      before: { lineStyle: { color: colours.gold }, itemStyle: { color: colours.gold } }
    };
    var highest = data.axes.map(function (axis, place) {
      return data.series.reduce(function (most, series) {
        return Math.max(most, series.values[place] || 0);
      }, 0);
    });
    return {
      legend: tools.legend({ bottom: 0 }),
      tooltip: tools.tooltip({
        formatter: function (point) {
          return tools.lines(point.name, '', data.axes.map(function (axis, place) {
            return [axis.name, isKnown(point.value[place]) ? point.value[place] + data.unit : '—'];
          }));
        }
      }),
      radar: {
        center: ['50%', '47%'], radius: narrow ? '50%' : '56%', splitNumber: 4,
        axisName: { fontSize: 12.5, fontWeight: 600, lineHeight: 17 },
        splitArea: { areaStyle: { color: ['#fff', '#fafbfa'] } },
        splitLine: { lineStyle: { color: colours.line } },
        axisLine: { lineStyle: { color: colours.line } },
        indicator: data.axes.map(function (axis, place) {
          var value = data.series[0].values[place];
          return {
            name: axis.name + '\n' + (isKnown(value) ? value + data.unit : '—'),
            max: Math.max(highest[place] > 60 ? 100 : 20, Math.ceil(highest[place] / 10) * 10),
            color: axis.abnormal ? colours.bad : colours.ink2
          };
        })
      },
      series: [{
        type: 'radar', symbolSize: 4,
        data: data.series.map(function (series) {
          return Object.assign({
            name: series.name,
            value: series.values.map(function (value) { return isKnown(value) ? value : 0; })
          }, looks[series.kind]);
        })
      }]
    };
  };

  kinds.trend = function (data, tools) {
    var colours = tools.colours;
    var known = data.series.some(function (series) { return series.values.some(isKnown); });
    if (!known) { return null; }
    return {
      grid: { left: 60, right: 16, top: 36, bottom: 28 },
      legend: tools.legend({ top: 0, left: 0 }),
      tooltip: tools.tooltip({
        trigger: 'axis',
        valueFormatter: function (value) {
          if (!isKnown(value)) { return '—'; }
          return value.toLocaleString() + (data.unit === '%' ? '%' : ' ' + data.unit);
        }
      }),
      xAxis: tools.axis({ type: 'category', boundaryGap: false, data: data.months }),
      yAxis: tools.axis({ type: 'value', scale: true, axisLabel: { formatter: function (value) { return value.toLocaleString() + (data.unit === '%' ? '%' : ''); } } }),
      series: data.series.map(function (series, place) {
        var isTarget = series.kind === 'target';
        var colour = isTarget ? colours.ink3 : tools.series[place % tools.series.length];
        return {
          name: series.name, type: 'line', data: series.values, symbolSize: 6,
          symbol: ['circle', 'rect', 'triangle', 'diamond'][place % 4],
          connectNulls: false,
          lineStyle: { width: 2, color: colour, type: isTarget ? 'dashed' : 'solid' },
          itemStyle: { color: colour }
        };
      })
    };
  };

  kinds.parts = function (data, tools, element) {
    var rows = data.rows.slice().reverse(), colours = tools.colours;
    if (!rows.length) { return null; }
    var narrow = tools.isNarrow(element);
    return {
      grid: { left: narrow ? 116 : 190, right: 64, top: 4, bottom: 24 },
      tooltip: tools.tooltip({
        formatter: function (point) { return tools.lines(rows[point.dataIndex].name, '', [['', rows[point.dataIndex].text]]); }
      }),
      xAxis: tools.axis({ type: 'value' }),
      yAxis: tools.axis({
        type: 'category', data: rows.map(function (row) { return row.name; }),
        axisLabel: { color: colours.ink2, width: narrow ? 104 : 178, overflow: 'truncate', interval: 0 }
      }),
      series: [{
        type: 'bar', barMaxWidth: 14, itemStyle: { color: colours.bad, borderRadius: [0, 2, 2, 0] },
        label: { show: true, position: 'right', fontSize: 11, color: colours.ink2, formatter: function (point) { return rows[point.dataIndex].text; } },
        data: rows.map(function (row) { return row.value; })
      }]
    };
  };

  window.PortalCharts.start();
})();
