/* The bell, and progress of background work: asks the server while something runs and the tab is visible. */
(function () {
  'use strict';

  var FAST = 2000;
  var bell = document.querySelector('[data-task-bell]');
  if (!bell) {
    return;
  }
  var timer = null;
  var running = Number(bell.dataset.running);

  function watched() {
    return Array.prototype.map.call(
      document.querySelectorAll('main [data-task-open]'),
      function (row) { return row.dataset.task; }
    );
  }

  function schedule() {
    window.clearTimeout(timer);
    timer = null;
    if (!document.hidden && (running || watched().length)) {
      timer = window.setTimeout(refresh, FAST);
    }
  }

  /* Work that runs or has ended, and unread notices. */
  function count(work) {
    var number = work + Number(bell.dataset.unread);
    var badge = bell.querySelector('[data-bell-count]');
    badge.textContent = number;
    badge.hidden = !number;
  }

  function show(state) {
    var content = bell.querySelector('[data-bell-content]');
    if (!content.contains(document.activeElement)) {
      content.innerHTML = state.bell;
    }
    running = state.running;
    bell.dataset.unread = state.unread;
    count(state.running + state.unseen);
    bell.dataset.unseen = state.unseen;
    bell.querySelector('[data-bell-icon]').hidden = Boolean(state.running);
    bell.querySelector('[data-bell-busy]').hidden = !state.running;
    var progress = document.querySelector('[data-bell-progress]');
    progress.textContent = state.progress;
    progress.hidden = !state.progress;
    var warning = document.querySelector('[data-runner-missing]');
    if (warning) {
      warning.hidden = !state.runner_missing;
    }
    Object.keys(state.rows).forEach(function (id) {
      var row = document.querySelector('main [data-task="' + id + '"]');
      if (!row) {
        return;
      }
      var place = row.closest('[data-task-reload]');
      if (place && state.open.indexOf(Number(id)) < 0) {
        var again = function () { window.location.reload(); };
        window.Portal.post(bell.dataset.seenUrl, { task: id }).then(again, again);
        return;
      }
      if (!row.contains(document.activeElement)) {
        row.outerHTML = state.rows[id];
      }
      if (state.open.indexOf(Number(id)) < 0) {
        showState(id);
      }
    });
    window.Portal.drawBars(document);
    if (bell.open) {
      seen();
    }
  }

  /* The pill of a list row belongs to the list; take the word from the bell's own copy. */
  function showState(id) {
    var pill = bell.querySelector('[data-task="' + id + '"]');
    var row = document.querySelector('main [data-task="' + id + '"]');
    var cell = row && row.closest('tr') && row.closest('tr').querySelector('.cell-state');
    if (pill && cell) {
      var word = pill.closest('li').querySelector('.pill');
      cell.textContent = '';
      cell.appendChild(word.cloneNode(true));
    }
  }

  function refresh() {
    var ids = watched().join(',');
    fetch(bell.dataset.statusUrl + '?ids=' + ids, {
      credentials: 'same-origin',
      headers: { Accept: 'application/json' }
    }).then(function (answer) {
      if (!answer.ok) {
        throw new Error(String(answer.status));
      }
      return answer.json();
    }).then(show).then(schedule, function () {
      window.clearTimeout(timer);
      timer = window.setTimeout(refresh, 10 * FAST);
    });
  }

  function seen() {
    if (Number(bell.dataset.unseen)) {
      bell.dataset.unseen = 0;
      window.Portal.post(bell.dataset.seenUrl, {}).then(function () {
        count(running);
      }, function () {
        bell.dataset.unseen = 1;
      });
    }
  }

  bell.addEventListener('toggle', function () {
    if (bell.open) {
      seen();
    }
  });
  document.addEventListener('visibilitychange', function () {
    if (document.hidden) {
      window.clearTimeout(timer);
      timer = null;
    } else if (running || watched().length) {
      refresh();
    }
  });
  window.Portal.drawBars(bell);
  schedule();
})();
