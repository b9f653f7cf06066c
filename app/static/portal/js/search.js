/* The search of the top bar: asks while typing, moves the choice by keys, opens what is chosen. */
(function () {
  'use strict';

  var form = document.querySelector('[data-search]');
  if (!form) {
    return;
  }
  var WAIT = 150;
  var field = form.querySelector('[data-search-key]');
  var panel = form.querySelector('[data-search-panel]');
  var status = form.querySelector('[data-search-status]');
  var composing = false;
  var timer = null;
  var running = null;
  var asked = '';

  function options() {
    return Array.prototype.slice.call(panel.querySelectorAll('[role="option"]'));
  }

  function chosen() {
    return panel.querySelector('[role="option"][aria-selected="true"]');
  }

  function choose(option) {
    var before = chosen();
    if (before) {
      before.setAttribute('aria-selected', 'false');
    }
    if (!option) {
      field.removeAttribute('aria-activedescendant');
      return;
    }
    option.setAttribute('aria-selected', 'true');
    field.setAttribute('aria-activedescendant', option.id);
    option.scrollIntoView({ block: 'nearest' });
  }

  function move(step) {
    var all = options();
    if (all.length) {
      var at = all.indexOf(chosen());
      var next = at < 0 ? (step > 0 ? 0 : all.length - 1) : (at + step + all.length) % all.length;
      choose(all[next]);
    }
  }

  function show(open) {
    panel.hidden = !open;
    field.setAttribute('aria-expanded', String(open));
    if (!open) {
      choose(null);
    }
  }

  function stop() {
    window.clearTimeout(timer);
    if (running) {
      running.abort();
      running = null;
    }
  }

  function say(text) {
    status.textContent = text;
  }

  function fail() {
    var note = document.createElement('p');
    note.className = 'found-none';
    note.textContent = form.dataset.failed;
    panel.replaceChildren(note);
    say(form.dataset.failed);
    show(true);
    asked = '';
  }

  function ask() {
    var text = field.value.trim();
    stop();
    if (!text) {
      asked = '';
      panel.replaceChildren();
      show(false);
      say('');
      return;
    }
    if (text === asked) {
      show(true);
      return;
    }
    var request = new AbortController();
    running = request;
    fetch(form.dataset.panelUrl + '?q=' + encodeURIComponent(text), {
      credentials: 'same-origin',
      headers: { 'X-Requested-With': 'XMLHttpRequest' },
      signal: request.signal
    }).then(function (answer) {
      if (!answer.ok || answer.redirected) {
        throw new Error(String(answer.status));
      }
      return answer.text();
    }).then(function (page) {
      if (running !== request) {
        return;
      }
      running = null;
      asked = text;
      choose(null);
      panel.innerHTML = page;
      panel.scrollTop = 0;
      var said = panel.querySelector('[data-search-said]');
      say(said ? said.textContent : '');
      show(document.activeElement === field);
    }).catch(function (error) {
      if (error.name !== 'AbortError' && running === request) {
        running = null;
        fail();
      }
    });
  }

  function soon() {
    window.clearTimeout(timer);
    if (!composing) {
      timer = window.setTimeout(ask, WAIT);
    }
  }

  function open() {
    document.body.classList.add('search-open');
    field.focus();
    field.select();
  }

  function close() {
    stop();
    show(false);
    document.body.classList.remove('search-open');
  }

  field.addEventListener('compositionstart', function () {
    composing = true;
    stop();
  });
  field.addEventListener('compositionend', function () {
    composing = false;
    soon();
  });
  field.addEventListener('input', function () {
    choose(null);
    soon();
  });
  field.addEventListener('focus', function () {
    if (field.value.trim()) {
      ask();
    }
  });

  field.addEventListener('keydown', function (event) {
    if (composing || event.isComposing || event.keyCode === 229) {
      return;
    }
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (panel.hidden) {
        ask();
      } else {
        move(event.key === 'ArrowDown' ? 1 : -1);
      }
    } else if (event.key === 'Enter' && chosen()) {
      event.preventDefault();
      window.location.assign(chosen().href);
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      if (panel.hidden) {
        field.value = '';
        asked = '';
        field.blur();
        close();
      } else {
        event.preventDefault();
        stop();
        show(false);
      }
    }
  });

  form.addEventListener('submit', function (event) {
    if (composing || !field.value.trim()) {
      event.preventDefault();
    }
    stop();
  });
  panel.addEventListener('mousedown', function (event) {
    event.preventDefault();
  });
  document.addEventListener('click', function (event) {
    if (event.target.closest('[data-search-open]')) {
      event.preventDefault();
      open();
    } else if (event.target.closest('[data-search-close]') || !form.contains(event.target)) {
      close();
    }
  });
  document.addEventListener('keydown', function (event) {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      open();
    }
  });
  window.addEventListener('pagehide', stop);
})();
