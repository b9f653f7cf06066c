/* Number grids of plain inputs (arrow keys, Enter, paste from a spreadsheet) and long lists of ticks. */
(function () {
  'use strict';

  function cells(grid) {
    return Array.prototype.map.call(grid.querySelectorAll('tbody tr'), function (row) {
      return Array.prototype.slice.call(row.querySelectorAll('input'));
    });
  }

  function place(rows, input) {
    for (var row = 0; row < rows.length; row += 1) {
      var column = rows[row].indexOf(input);
      if (column >= 0) { return [row, column]; }
    }
    return null;
  }

  function go(rows, row, column) {
    var field = rows[row] && rows[row][column];
    if (field) {
      field.focus();
      field.select();
    }
  }

  function move(event) {
    var rows = cells(event.currentTarget), at = place(rows, event.target);
    if (!at || event.altKey || event.ctrlKey || event.metaKey || event.isComposing) { return; }
    var input = event.target;
    var atStart = input.selectionStart === 0 && input.selectionEnd === input.value.length;
    var steps = {
      Enter: [event.shiftKey ? -1 : 1, 0], ArrowDown: [1, 0], ArrowUp: [-1, 0],
      ArrowLeft: atStart ? [0, -1] : null, ArrowRight: atStart ? [0, 1] : null
    };
    var step = steps[event.key];
    if (step) {
      event.preventDefault();
      go(rows, at[0] + step[0], at[1] + step[1]);
    }
  }

  function paste(event) {
    var text = event.clipboardData ? event.clipboardData.getData('text/plain') : '';
    if (!/[\t\n]/.test(text.replace(/[\r\n]+$/, ''))) { return; }
    var rows = cells(event.currentTarget), at = place(rows, event.target);
    if (!at) { return; }
    event.preventDefault();
    text.replace(/\r/g, '').replace(/\n$/, '').split('\n').forEach(function (line, down) {
      line.split('\t').forEach(function (value, right) {
        var field = rows[at[0] + down] && rows[at[0] + down][at[1] + right];
        if (field) {
          field.value = value.trim();
          field.dispatchEvent(new Event('input', { bubbles: true }));
        }
      });
    });
  }

  /** Mark what is no number before it is sent. */
  function check(event) {
    var input = event.target;
    if (input.matches('[data-number-grid] input')) {
      var text = input.value.trim().replace(/%$/, '');
      var isBad = text !== '' && !/^\d{1,4}(\.\d{1,2})?$/.test(text);
      input.classList.toggle('is-bad-number', isBad);
      input.setAttribute('aria-invalid', String(isBad));
    }
  }

  document.querySelectorAll('[data-number-grid]').forEach(function (grid) {
    grid.addEventListener('keydown', move);
    grid.addEventListener('paste', paste);
    grid.addEventListener('input', check);
  });

  document.querySelectorAll('[data-find-in]').forEach(function (field) {
    var rows = document.getElementById(field.dataset.findIn).querySelectorAll('[data-find]');
    field.addEventListener('input', function () {
      var wanted = field.value.trim().toLowerCase();
      rows.forEach(function (row) {
        row.hidden = row.dataset.find.toLowerCase().indexOf(wanted) < 0;
      });
    });
    field.addEventListener('keydown', function (event) {
      if (event.key === 'Enter') { event.preventDefault(); }
    });
  });

  document.addEventListener('click', function (event) {
    var button = event.target.closest('[data-tick-none]');
    if (button) {
      button.form.querySelectorAll('input[type="checkbox"]').forEach(function (box) { box.checked = false; });
    }
  });
})();
