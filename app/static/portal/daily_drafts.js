/* Visit records that wait on this device: kept in the browser per person, sent when the connection
 * is back, from whichever page is open. Logging out deletes them, after a warning.
 * The server takes a draft once, however often it is sent (client_key).
 */
(function () {
  'use strict';

  var tag = document.currentScript;
  var PREFIX = 'portal:visit:' + tag.dataset.user + ':';
  var words = JSON.parse(tag.dataset.words);
  var RETRY = 15000;
  var timer = null, sending = {}, listeners = [];

  function fill(text, values) {
    Object.keys(values || {}).forEach(function (name) { text = text.split('{' + name + '}').join(values[name]); });
    return text;
  }

  function get(key) {
    try { return JSON.parse(window.localStorage.getItem(PREFIX + key)); } catch (error) { return null; }
  }

  /** Whether the draft could be kept. */
  function set(key, draft) {
    try {
      window.localStorage.setItem(PREFIX + key, JSON.stringify(draft));
    } catch (error) {
      return false;
    }
    showBar();
    return true;
  }

  function remove(key) {
    try { window.localStorage.removeItem(PREFIX + key); } catch (error) { return; }
    showBar();
  }

  function keys() {
    var found = [];
    try {
      for (var i = 0; i < window.localStorage.length; i += 1) {
        var name = window.localStorage.key(i);
        if (name.indexOf(PREFIX) === 0) { found.push(name.slice(PREFIX.length)); }
      }
    } catch (error) {
      return [];
    }
    return found.sort();
  }

  function tell(key, result) {
    listeners.forEach(function (listener) { listener(key, result); });
  }

  /** Send one draft; the result is told to every listener. */
  function send(key) {
    var draft = get(key);
    if (!draft || sending[key]) { return; }
    sending[key] = true;
    tell(key, { state: 'sending' });
    var body = new URLSearchParams();
    draft.fields.forEach(function (field) { body.append(field[0], field[1]); });
    fetch(draft.url, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { Accept: 'application/json', 'X-CSRFToken': Portal.csrf },
      body: body
    }).then(function (answer) {
      var isJson = /json/.test(answer.headers.get('Content-Type') || '');
      if (answer.redirected || answer.status === 401 || answer.status === 403 || !isJson) {
        return { status: answer.status >= 500 ? answer.status : 401, body: {} };
      }
      return answer.json().then(function (content) { return { status: answer.status, body: content }; });
    }, function () {
      return { status: 0, body: {} };
    }).then(function (answer) {
      delete sending[key];
      settle(key, draft, answer);
    });
  }

  function settle(key, sent, answer) {
    var kept = get(key), isSame = kept && JSON.stringify(kept.fields) === JSON.stringify(sent.fields);
    var result = { status: answer.status, body: answer.body };
    if (answer.status === 200) {
      result.state = 'sent';
      if (isSame) { remove(key); }
    } else if (answer.status === 0 || answer.status >= 500) {
      result.state = 'waiting';
      plan();
    } else if (answer.status === 409 && answer.body.theirs) {
      result.state = 'conflict';
    } else if (answer.status === 401) {
      result.state = 'signed_out';
    } else {
      result.state = answer.status === 404 ? 'foreign' : 'refused';
    }
    if (kept && result.state !== 'sent') {
      kept.state = result.state;
      kept.answer = answer.body;
      set(key, kept);
    }
    tell(key, result);
  }

  function waiting() {
    return keys().filter(function (key) {
      var draft = get(key);
      return draft && (draft.state === 'waiting' || draft.state === 'signed_out');
    });
  }

  function sendAll() { waiting().forEach(send); }

  function plan() {
    window.clearTimeout(timer);
    timer = window.setTimeout(function () { if (waiting().length) { sendAll(); } }, RETRY);
  }

  /** A line under the top bar that counts and links what is not sent. */
  function showBar() {
    var bar = document.querySelector('[data-draft-bar]'), found = keys();
    if (!found.length) {
      if (bar) { bar.remove(); }
      return;
    }
    if (!bar) {
      bar = document.createElement('div');
      bar.className = 'draft-bar';
      bar.setAttribute('data-draft-bar', '');
      bar.setAttribute('role', 'status');
      var top = document.querySelector('.top');
      if (!top) { return; }
      top.insertAdjacentElement('afterend', bar);
    }
    bar.textContent = fill(words.bar, { count: found.length });
    found.slice(0, 5).forEach(function (key) {
      var draft = get(key), link = document.createElement('a');
      if (!draft) { return; }
      link.href = draft.page;
      link.textContent = draft.name + ' ' + draft.day;
      bar.appendChild(link);
    });
  }

  document.addEventListener('submit', function (event) {
    var form = event.target;
    // A field called "action" hides the property; the attribute is always the address.
    if (form.getAttribute('action') !== tag.dataset.logout) { return; }
    var found = keys();
    if (!found.length) { return; }
    if (!window.confirm(fill(words.logout, { count: found.length }))) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    found.forEach(remove);
  }, true);

  window.VisitDrafts = {
    get: get, set: set, remove: remove, keys: keys, send: send, sendAll: sendAll, fill: fill,
    listen: function (listener) { listeners.push(listener); }
  };
  window.addEventListener('online', sendAll);
  document.addEventListener('visibilitychange', function () { if (!document.hidden) { sendAll(); } });
  showBar();
  // After the page's own script has put its listeners in place.
  window.setTimeout(sendAll, 0);
})();
