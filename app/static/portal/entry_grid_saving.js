/* The saving half of an entry grid: batches, refusals, lost connections, drafts kept in the browser.
 * Mixed into EntryGrid by entry_grid.js.
 */
(function () {
  'use strict';

  var PAUSE = 600, ROWS_AT_ONCE = 200, LONGEST_WAIT = 30000;

  window.EntryGridSaving = {
    each: each,
    stored: stored,
    store: store,

    count: function () { return Object.keys(this.pending).length; },

    schedule: function (pause) {
      var grid = this;
      window.clearTimeout(this.timer);
      this.say('is-dirty', this.fillIn('unsaved', { count: this.count() }));
      this.timer = window.setTimeout(function () { grid.flush(); }, pause);
    },

    flush: function (isLeaving) {
      var grid = this, ids = Object.keys(this.pending).slice(0, ROWS_AT_ONCE);
      window.clearTimeout(this.timer);
      if (!ids.length || this.isSaving && !isLeaving) { return; }
      var sent = {};
      ids.forEach(function (id) { sent[id] = Object.assign({}, grid.pending[id]); });
      this.isSaving = true;
      this.say('', this.words.saving);
      this.request(this.config.save, {
        rows: ids.map(function (id) {
          return { id: Number(id), version: (grid.baseline[id] || {}).version || 0, cells: sent[id] };
        })
      }, isLeaving).then(function (answer) {
        grid.isSaving = false;
        grid.wait = 2000;
        answer.rows.forEach(function (row) { grid.settle(row, sent[row.id]); });
        grid.progress(answer.progress);
        grid.keepDraft();
        if (grid.count()) { grid.schedule(0); } else { grid.saved(); }
      }).catch(function (error) { grid.isSaving = false; grid.fail(error); });
    },

    /** One row's answer: what was typed meanwhile stays pending. */
    settle: function (answer, sent) {
      var grid = this, row = this.table.getRow(answer.id), pending = this.pending[answer.id] || {};
      Object.keys(sent).forEach(function (field) {
        if (pending[field] && pending[field].value === sent[field].value) { delete pending[field]; }
      });
      if (!Object.keys(pending).length) { delete this.pending[answer.id]; }
      this.remember(answer.data);
      Object.keys(pending).forEach(function (field) { pending[field].was = grid.baseline[answer.id][field]; });
      if (!row) { return; }
      var fresh = Object.assign({}, answer.data);
      Object.keys(pending).concat(Object.keys(answer.refused)).forEach(function (field) { delete fresh[field]; });
      row.update(fresh).then(function () {
        Object.keys(answer.refused).forEach(function (field) {
          grid.refuse(row, grid.columns[field] || { field: field, title: '' }, answer.refused[field]);
        });
        grid.redraw(row);
      });
    },

    saved: function () {
      var refused = 0;
      Object.keys(this.refused).forEach(function (id) { refused += Object.keys(this.refused[id]).length; }, this);
      if (refused) {
        this.say('is-bad', this.fillIn('someRefused', { count: refused }));
      } else {
        this.say('is-ok', this.fillIn('saved', { time: new Date().toTimeString().slice(0, 5) }));
      }
    },

    fail: function (error) {
      var grid = this;
      if (error.status === 0 || error.status >= 500) {
        this.say('is-bad', this.fillIn('offline', { seconds: Math.round(this.wait / 1000) }));
        this.timer = window.setTimeout(function () { grid.count() ? grid.flush() : grid.load(); }, this.wait);
        this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
      } else {
        this.say('is-bad', error.message || this.words.signedOut);
        each('[data-grid-retry]', null, function (button) { button.hidden = false; });
      }
    },

    request: function (url, body, isLeaving) {
      var words = this.words;
      return fetch(url, {
        method: body ? 'POST' : 'GET',
        credentials: 'same-origin',
        keepalive: Boolean(isLeaving),
        headers: { Accept: 'application/json', 'Content-Type': 'application/json', 'X-CSRFToken': Portal.csrf },
        body: body ? JSON.stringify(body) : undefined
      }).catch(function () { throw { status: 0 }; }).then(function (answer) {
        var isJson = /json/.test(answer.headers.get('Content-Type') || '');
        if (answer.redirected || answer.status === 401 || !isJson) {
          throw { status: answer.status >= 500 ? answer.status : 401, message: words.signedOut };
        }
        return answer.json().then(function (content) {
          if (!answer.ok) { throw { status: answer.status, message: content.error }; }
          return content;
        });
      });
    },

    copyLast: function (button) {
      var grid = this;
      button.disabled = true;
      this.request(button.dataset.gridCopy, {}).then(function (answer) {
        grid.report(answer.message, false);
        grid.progress(answer.progress);
        grid.load();
      }).catch(function (error) { grid.fail(error); }).then(function () { button.disabled = false; });
    },

    keepDraft: function () {
      store(this.config.draft, this.count() ? JSON.stringify(this.pending) : null);
    },

    restoreDraft: function () {
      var grid = this, kept;
      try { kept = JSON.parse(stored(this.config.draft) || '{}'); } catch (error) { kept = {}; }
      var ids = Object.keys(kept).filter(function (id) { return grid.table.getRow(Number(id)); });
      if (!ids.length || !this.config.mayEdit) { return; }
      ids.forEach(function (id) {
        var row = grid.table.getRow(Number(id)), change = {};
        Object.keys(kept[id]).forEach(function (field) {
          if (grid.columns[field]) { change[field] = kept[id][field].value; }
        });
        grid.pending[id] = kept[id];
        row.update(change).then(function () { grid.redraw(row); });
      });
      this.report(this.fillIn('restored', { count: ids.length }), false);
      this.schedule(PAUSE);
    }
  };

  function each(selector, event, act) {
    document.querySelectorAll(selector).forEach(function (element) {
      if (event) {
        element.addEventListener(event, function () { act(element); });
      } else {
        act(element);
      }
    });
  }

  function stored(key) {
    try { return window.localStorage.getItem('portal:' + key); } catch (error) { return null; }
  }

  function store(key, value) {
    try {
      if (value === null) {
        window.localStorage.removeItem('portal:' + key);
      } else {
        window.localStorage.setItem('portal:' + key, value);
      }
    } catch (error) {
      // A browser without storage still saves to the server.
    }
  }
})();
