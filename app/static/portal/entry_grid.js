/* Entry grids: one row per customer, keyboard first, paste from a spreadsheet, saved by itself.
 *
 * Markup: an element with data-entry-grid="<id of a JSON script element>"; its form is described
 * in app/analysis/views/grid_request.py. What is typed is kept in the browser until the server has
 * taken it, so neither a lost connection nor a session that ended loses an entry.
 */
(function () {
  'use strict';

  var PAUSE = 600;

  var each = window.EntryGridSaving.each, stored = window.EntryGridSaving.stored;
  var store = window.EntryGridSaving.store;

  function EntryGrid(place, config) {
    this.place = place;
    this.config = config;
    this.words = config.words;
    this.columns = {};
    this.baseline = {};
    this.pending = {};
    this.refused = {};
    this.wait = 2000;
    this.timer = null;
    this.isSaving = false;
    config.columns.forEach(function (column) { this.columns[column.field] = column; }, this);
    this.build();
    this.listen();
  }

  EntryGrid.prototype = {
    /* ---------------------------------------------------------------- the table */

    build: function () {
      var grid = this;
      this.table = new Tabulator(this.place, {
        index: 'id',
        height: '100%',
        layout: 'fitDataFill',
        placeholder: this.words.empty,
        selectableRange: 1,
        selectableRangeColumns: false,
        selectableRangeRows: true,
        selectableRangeClearCells: false,
        editTriggerEvent: 'dblclick',
        clipboard: 'copy',
        clipboardCopyStyled: false,
        clipboardCopyConfig: { rowHeaders: false, columnHeaders: false },
        clipboardCopyRowRange: 'range',
        rowHeader: {
          field: this.config.head.field, title: this.config.head.title, frozen: true,
          width: window.innerWidth > 860 ? 170 : 116, resizable: true, headerSort: false,
          cssClass: 'ge-head', formatter: 'plaintext', tooltip: true
        },
        columns: this.config.columns.map(function (column) { return grid.definition(column); })
      });
      this.table.on('tableBuilt', function () { grid.load(); });
    },

    definition: function (column) {
      var grid = this, isInput = /^(score|tick|text)$/.test(column.kind);
      var definition = {
        title: column.title, field: column.field, width: column.width, resizable: true,
        visible: !(column.isWideOnly && window.innerWidth <= 860),
        headerTooltip: column.tooltip || column.title, headerSort: false,
        cssClass: 'ge-' + column.kind + (isInput && this.config.mayEdit ? ' ge-input' : ''),
        headerHozAlign: column.kind === 'words' || column.kind === 'text' ? 'left' : 'center',
        formatter: function (cell) { return grid.draw(cell, column); }
      };
      if (column.kind === 'text' && this.config.mayEdit) {
        definition.editor = 'input';
        definition.editorParams = { elementAttributes: { maxlength: String(column.most || 500) } };
        definition.editable = function (cell) { return !cell.getData().locked; };
        definition.cellEdited = function (cell) {
          var value = cell.getValue() || '';
          cell.getData()[column.field] = grid.shownBefore(cell.getData().id, column.field);
          grid.put(cell.getRow(), column, value);
        };
      }
      return definition;
    },

    draw: function (cell, column) {
      var value = cell.getValue(), data = cell.getData(), element = cell.getElement();
      var refusal = (this.refused[data.id] || {})[column.field];
      element.classList.toggle('ge-invalid', Boolean(refusal));
      element.classList.toggle('ge-pending', Boolean((this.pending[data.id] || {})[column.field]));
      element.classList.toggle('ge-locked', Boolean(data.locked));
      element.classList.toggle('ge-low', column.kind === 'score' && value > 0 && value <= column.low);
      element.title = refusal ? refusal.message : '';
      if (column.kind === 'tick') {
        element.setAttribute('aria-label', column.title + ': ' + (value ? this.words.yes : this.words.no));
        return value ? '<i class="fa-solid fa-check" aria-hidden="true"></i>' : '';
      }
      if (column.kind === 'link') {
        var link = document.createElement('a');
        link.href = value;
        link.textContent = column.word;
        link.setAttribute('aria-label', column.word + ': ' + data[this.config.head.field]);
        return link;
      }
      var text = document.createElement('span');
      text.textContent = value === null || value === undefined ? '' : value;
      return text;
    },

    load: function () {
      var grid = this;
      this.say('', this.words.loading);
      this.request(this.config.data).then(function (answer) {
        answer.rows.forEach(function (row) { grid.remember(row); });
        return grid.table.setData(answer.rows).then(function () {
          grid.say('', grid.config.mayEdit ? grid.words.ready : grid.words.readOnly);
          grid.restoreDraft();
          grid.filter();
          grid.select(0);
          grid.place.dataset.ready = '1';
        });
      }).catch(function (error) { grid.fail(error); });
    },

    remember: function (row) {
      var kept = this.baseline[row.id] = this.baseline[row.id] || {};
      Object.keys(row).forEach(function (name) { kept[name] = row[name]; });
    },

    shownBefore: function (id, field) {
      var typed = (this.pending[id] || {})[field];
      return typed ? typed.value : (this.baseline[id] || {})[field];
    },

    select: function (position) {
      var row = this.table.getRows('active')[position], grid = this;
      var first = this.config.columns.filter(function (column) { return /^(score|tick)$/.test(column.kind); })[0];
      if (row && first && this.config.mayEdit) {
        this.table.getRanges().forEach(function (range) {
          range.setBounds(row.getCell(first.field), row.getCell(first.field));
        });
        // On a phone the focus would scroll the page past the controls above the grid.
        if (window.innerWidth > 860) { grid.place.focus({ preventScroll: true }); }
      }
    },

    /* ---------------------------------------------------------------- typing */

    listen: function () {
      var grid = this;
      this.place.addEventListener('keydown', function (event) { grid.key(event); }, true);
      this.place.addEventListener('paste', function (event) { grid.paste(event); }, true);
      this.table.on('cellDblClick', function (event, cell) {
        var column = grid.columns[cell.getField()];
        if (column && column.kind === 'tick') {
          grid.put(cell.getRow(), column, !cell.getValue());
        }
      });
      document.addEventListener('visibilitychange', function () {
        if (document.visibilityState === 'hidden') { grid.flush(true); }
      });
      window.addEventListener('online', function () { grid.flush(); });
      each('[data-grid-find]', 'input', function () { grid.filter(); });
      each('[data-grid-remaining]', 'change', function () { grid.filter(); grid.select(0); });
      each('[data-grid-retry]', 'click', function () { grid.flush(); });
      each('[data-grid-copy]', 'click', function (button) { grid.copyLast(button); });
      var advance = document.querySelector('[data-grid-advance]');
      if (advance) {
        advance.value = stored('entry-grid-advance') || 'stay';
        advance.addEventListener('change', function () { store('entry-grid-advance', advance.value); });
      }
    },

    key: function (event) {
      if (event.isComposing) { return; }
      var isTyping = /^(INPUT|TEXTAREA)$/.test(event.target.tagName);
      if (event.key === 'Enter') {
        var grid = this, way = event.shiftKey ? 'ArrowUp' : 'ArrowDown';
        if (isTyping) {
          // The editor has to close and give the focus back to the table first.
          window.setTimeout(function () { grid.place.focus(); grid.move(way); }, 20);
        } else {
          event.preventDefault();
          event.stopPropagation();
          this.move(way);
        }
        return;
      }
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !this.config.mayEdit) { return; }
      var cells = this.chosen();
      if (!cells.length) { return; }
      // `code`, not `key`: a Chinese input method reports "Process" as the key.
      var digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
      var column = this.columns[cells[0].getField()];
      if (column.kind === 'score' && digit) {
        this.fill(cells, Number(digit[1]));
        event.preventDefault();
        this.advance();
      } else if (column.kind === 'tick' && (event.code === 'Space' || digit && Number(digit[1]) < 2)) {
        this.fill(cells, digit ? digit[1] === '1' : !cells[0].getValue());
        event.preventDefault();
        event.stopPropagation();
      } else if (column.kind === 'text' && (event.key === 'F2' || event.key.length === 1 || event.key === 'Process')) {
        cells[0].edit();
      }
    },

    chosen: function () {
      var range = this.table.getRanges()[0];
      if (!range) { return []; }
      var columns = this.columns;
      return [].concat.apply([], range.getCells()).filter(function (cell) {
        return columns[cell.getField()];
      });
    },

    fill: function (cells, value) {
      var grid = this;
      cells.forEach(function (cell) {
        var column = grid.columns[cell.getField()];
        if (column && (column.kind === 'score' || column.kind === 'tick')) {
          grid.put(cell.getRow(), column, value);
        }
      });
    },

    move: function (key) {
      var code = { ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40 }[key];
      this.place.dispatchEvent(new KeyboardEvent('keydown', { key: key, keyCode: code, which: code, bubbles: true }));
    },

    advance: function () {
      var choice = document.querySelector('[data-grid-advance]');
      var way = choice ? choice.value : 'stay';
      if (way !== 'stay') { this.move(way === 'down' ? 'ArrowDown' : 'ArrowRight'); }
    },

    /** A value as the column takes it; undefined when it cannot. */
    read: function (column, text) {
      text = text.trim();
      if (column.kind === 'score') {
        var number = Number(text);
        return text !== '' && Number.isInteger(number) && number >= column.least && number <= column.most ? number : undefined;
      }
      if (column.kind === 'tick') {
        if (/^(1|x|y|✓|√|true)$/i.test(text) || text === this.words.yes) { return true; }
        return /^(|0|n|false)$/i.test(text) || text === this.words.no ? false : undefined;
      }
      return text.slice(0, column.most || 500);
    },

    paste: function (event) {
      if (/^(INPUT|TEXTAREA)$/.test(event.target.tagName) || !this.config.mayEdit) { return; }
      var text = (event.clipboardData || window.clipboardData).getData('text/plain');
      var start = this.chosen()[0], grid = this;
      if (!text || !start) { return; }
      event.preventDefault();
      event.stopPropagation();
      // Spreadsheets end lines with CR LF and the last line too.
      var lines = text.replace(/\r\n?/g, '\n').replace(/\n$/, '').split('\n');
      var fields = this.config.columns.map(function (column) { return column.field; });
      var rows = this.table.getRows('active'), left = fields.indexOf(start.getField());
      var top = rows.map(function (row) { return row.getIndex(); }).indexOf(start.getRow().getIndex());
      var taken = 0, bad = 0, outside = 0;
      lines.forEach(function (line, down) {
        var row = rows[top + down];
        line.split('\t').forEach(function (part, right) {
          var column = grid.columns[fields[left + right]];
          if (!row || !column) { outside += 1; return; }
          if (!/^(score|tick|text)$/.test(column.kind)) { return; }
          if (column.kind === 'score' && part.trim() === '') { return; }
          var value = grid.read(column, part);
          if (value === undefined) {
            bad += 1;
            grid.refuse(row, column, { message: grid.fillIn('notUsable', { value: part.trim().slice(0, 20) }) });
          } else {
            grid.put(row, column, value);
            taken += 1;
          }
        });
      });
      this.report(this.fillIn('pasted', { taken: taken, bad: bad, outside: outside }), bad || outside);
    },

    /** Take a typed value: shown at once, kept as a draft, sent after a short pause. */
    put: function (row, column, value) {
      var data = row.getData(), id = data.id, field = column.field, grid = this;
      if (data.locked) { this.report(this.words.locked, true); return; }
      if (column.kind === 'score' && (value < column.least || value > column.most)) {
        this.refuse(row, column, { message: this.fillIn('notUsable', { value: value }) });
        return;
      }
      var before = this.shownBefore(id, field);
      var isRefused = Boolean((this.refused[id] || {})[field]);
      if (this.refused[id]) { delete this.refused[id][field]; }
      if (!isRefused && (before === value || !before && !value)) { this.redraw(row); return; }
      this.note(id, field, value);
      var change = {};
      change[field] = value;
      if (column.kind === 'tick' && value) {
        this.config.columns.forEach(function (other) {
          var clashes = other.kind === 'tick' && other !== column && (column.exclusive || other.exclusive);
          if (clashes && grid.shownBefore(id, other.field)) {
            grid.note(id, other.field, false);
            change[other.field] = false;
          }
        });
      }
      row.update(change).then(function () { grid.redraw(row); });
      this.keepDraft();
      this.schedule(PAUSE);
    },

    note: function (id, field, value) {
      this.pending[id] = this.pending[id] || {};
      var base = (this.baseline[id] || {})[field];
      this.pending[id][field] = { value: value, was: base === undefined ? null : base };
    },

    redraw: function (row) {
      row.reformat();
    },

    refuse: function (row, column, refusal) {
      var id = row.getData().id;
      this.refused[id] = this.refused[id] || {};
      this.refused[id][column.field] = refusal;
      this.redraw(row);
      this.report(row.getData()[this.config.head.field] + ', ' + column.title + ': ' + refusal.message, true);
    },

    /* ---------------------------------------------------------------- filter, words */

    filter: function () {
      var find = document.querySelector('[data-grid-find]'), only = document.querySelector('[data-grid-remaining]');
      var text = find ? find.value.trim().toLowerCase() : '', remaining = this.config.remaining, names = this.config.find;
      var isOnly = Boolean(only && only.checked);
      this.table.setFilter(function (data) {
        var matches = !text || names.some(function (name) { return String(data[name]).toLowerCase().indexOf(text) >= 0; });
        return matches && (!isOnly || data[remaining.done] < remaining.all);
      });
    },

    progress: function (progress) {
      if (!progress) { return; }
      each('[data-grid-progress]', null, function (place) { place.textContent = progress.text; });
      each('[data-grid-bar]', null, function (bar) {
        bar.dataset.width = progress.all ? Math.floor(100 * progress.done / progress.all) : 0;
      });
      each('[data-grid-complete]', null, function (place) { place.hidden = progress.done < progress.all; });
      each('[data-grid-stale]', null, function (place) { place.hidden = !progress.stale; });
      Portal.drawBars();
    },

    fillIn: function (key, values) {
      var text = this.words[key] || key;
      Object.keys(values).forEach(function (name) { text = text.split('{' + name + '}').join(values[name]); });
      return text;
    },

    say: function (tone, text) {
      each('[data-grid-status]', null, function (place) {
        place.className = 'ge-status ' + tone;
        place.textContent = text;
      });
      each('[data-grid-retry]', null, function (button) { button.hidden = tone !== 'is-bad'; });
    },

    report: function (text, isBad) {
      each('[data-grid-report]', null, function (place) {
        place.textContent = text;
        place.classList.toggle('is-bad', Boolean(isBad));
        place.hidden = !text;
      });
    }
  };
  Object.assign(EntryGrid.prototype, window.EntryGridSaving);

  document.querySelectorAll('[data-entry-grid]').forEach(function (place) {
    var config = JSON.parse(document.getElementById(place.dataset.entryGrid).textContent);
    new EntryGrid(place, config);
  });
})();
