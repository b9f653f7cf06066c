/* §2.2 step 11: the forms of visits. Every keystroke is kept as a draft (daily_drafts.js); saving
 * sends it, at once or when the connection is back. Conflicts are shown side by side.
 */
(function () {
  'use strict';

  var ZONE = 'Asia/Shanghai';
  var drafts = window.VisitDrafts;
  var forms = Array.prototype.slice.call(document.querySelectorAll('[data-visit-form]'));
  var holder = document.getElementById('visit-text');
  if (!drafts || !holder) { return; }
  var words = JSON.parse(holder.textContent);

  function newKey() {
    var bytes = window.crypto.getRandomValues(new Uint8Array(16));
    return Array.prototype.map.call(bytes, function (b) { return (b + 256).toString(16).slice(1); }).join('');
  }

  function fields(form) {
    return Array.from(new FormData(form).entries()).filter(function (field) { return field[0] !== 'csrf_token'; });
  }

  function card(form) { return form.closest('[data-visit-card]'); }

  function outcome(form) {
    var chosen = form.querySelector('input[name="outcome"]:checked');
    return chosen ? chosen.value : '';
  }

  /** Times and days are those of the company, whatever the device is set to. */
  function now() {
    return new Date().toLocaleTimeString('en-GB', { timeZone: ZONE, hour: '2-digit', minute: '2-digit' });
  }

  /** Show the parts of the chosen outcome; the others are not sent. */
  function arrange(form) {
    var chosen = outcome(form);
    form.querySelectorAll('[data-when]').forEach(function (part) {
      part.hidden = part.dataset.when.split(' ').indexOf(chosen) < 0;
    });
    form.querySelector('.visit-save').hidden = !chosen;
    var box = card(form);
    if (box) {
      box.querySelectorAll('[data-open]').forEach(function (button) {
        button.setAttribute('aria-expanded', String(!isClosed(box) && button.dataset.open === chosen));
      });
    }
  }

  function isClosed(box) { return box.querySelector('[data-visit-sheet]').hidden; }

  function choose(form, value, isByPerson) {
    var input = form.querySelector('input[name="outcome"][value="' + value + '"]');
    if (input) { input.checked = true; }
    if (isByPerson && value === 'VISITED' && !form.elements.started.value && isToday(form)) {
      form.elements.started.value = now();
    }
    arrange(form);
  }

  function isToday(form) {
    return form.dataset.day === new Date().toLocaleDateString('sv-SE', { timeZone: ZONE });
  }

  function say(form, tone, text) {
    var line = form.querySelector('[data-draft-state]');
    line.hidden = !text;
    line.className = 'visit-state ' + tone;
    line.textContent = text;
  }

  function keep(form, state) {
    return drafts.set(form.dataset.key, {
      name: form.dataset.name, day: form.dataset.day, url: form.getAttribute('action'),
      page: form.dataset.page, fields: fields(form), state: state
    });
  }

  function restore(form) {
    var draft = drafts.get(form.dataset.key);
    if (!draft) { return; }
    var chosen = {};
    draft.fields.forEach(function (field) { (chosen[field[0]] = chosen[field[0]] || []).push(field[1]); });
    Array.prototype.forEach.call(form.elements, function (input) {
      if (!input.name || input.name === 'csrf_token' || input.name === 'shown') { return; }
      if (input.type === 'radio' || input.type === 'checkbox') {
        input.checked = (chosen[input.name] || []).indexOf(input.value) >= 0;
      } else if (input.name !== 'done' && chosen[input.name]) {
        input.value = chosen[input.name][0];
      }
    });
    var box = card(form);
    if (box) { box.querySelector('[data-visit-sheet]').hidden = false; }
    arrange(form);
    show(form, { state: draft.state, body: draft.answer || {} });
  }

  function show(form, result) {
    var body = result.body || {};
    form.querySelectorAll('[data-fault]').forEach(function (line) {
      line.textContent = (body.faults || {})[line.dataset.fault] || '';
      line.hidden = !line.textContent;
    });
    if (result.state === 'draft') {
      say(form, '', words.draft);
    } else if (result.state === 'sending') {
      say(form, '', words.sending);
    } else if (result.state === 'waiting') {
      say(form, '', words.waiting);
    } else if (result.state === 'signed_out') {
      say(form, 'is-bad', words.signed_out);
    } else if (result.state === 'foreign') {
      say(form, 'is-bad', words.foreign);
    } else if (result.state === 'refused') {
      say(form, 'is-bad', drafts.fill(words.refused, { reason: body.error || '' }));
      var first = form.querySelector('[data-fault]:not([hidden])');
      if (first) { first.scrollIntoView({ block: 'center' }); }
    } else if (result.state === 'conflict') {
      say(form, 'is-bad', words.conflict);
      compare(form, body);
    } else if (result.state === 'sent') {
      settled(form, body);
    }
  }

  function settled(form, body) {
    form.elements.version.value = body.version;
    form.elements.client_key.value = newKey();
    form.querySelector('[data-conflict]').hidden = true;
    say(form, 'is-ok', (body.state === 'repeated' ? words.repeated + ' · ' : '') +
      drafts.fill(words.sent, { time: now() }));
    var box = card(form), pill = (box || document).querySelector('[data-visit-pill]');
    if (pill) { pill.innerHTML = body.pill; }
    if (box) {
      box.classList.toggle('is-done', body.is_visited);
      box.classList.toggle('is-missed', !body.is_visited);
      box.querySelector('[data-visit-sheet]').hidden = true;
      arrange(form);
      box.querySelector('.visit-head').scrollIntoView({ block: 'nearest' });
    }
  }

  /** Mine and the stored record side by side, and what can be done about it. */
  function compare(form, body) {
    var place = form.querySelector('[data-conflict]'), table = document.createElement('table');
    place.textContent = '';
    place.hidden = false;
    table.className = 'conflict-table';
    row(table, ['', words.mine, words.theirs], 'th');
    (body.theirs || []).forEach(function (entry) {
      row(table, [entry.label, entry.name ? mine(form, entry.name) : '', entry.value], 'td');
    });
    place.appendChild(table);
    var buttons = document.createElement('div');
    buttons.className = 'conflict-buttons';
    button(buttons, words.keep_mine, 'btn-primary', function () {
      form.elements.version.value = body.version;
      submit(form);
    });
    button(buttons, words.join, 'btn-default', function () {
      (body.theirs || []).forEach(function (entry) {
        var input = form.elements[entry.name];
        if (input && input.tagName === 'TEXTAREA' && entry.value && input.value.indexOf(entry.value) < 0) {
          input.value = entry.value + (input.value ? '\n' + input.value : '');
        }
      });
      form.elements.version.value = body.version;
      place.hidden = true;
      keep(form, 'draft');
      say(form, '', words.joined);
    });
    button(buttons, words.drop, 'btn-default', function () {
      if (window.confirm(drafts.fill(words.drop_sure, { name: form.dataset.name }))) {
        drafts.remove(form.dataset.key);
        window.location.reload();
      }
    });
    place.appendChild(buttons);
  }

  function mine(form, name) {
    var chosen = form.querySelector('input[type="radio"][name="' + name + '"]:checked');
    if (chosen) { return chosen.parentNode.textContent.trim(); }
    var input = form.elements[name];
    return input && input.value !== undefined && input.type !== 'radio' ? input.value : '';
  }

  function row(table, texts, kind) {
    var line = table.insertRow();
    texts.forEach(function (text, place) {
      var cell = document.createElement(place === 0 ? 'th' : kind);
      cell.textContent = text;
      line.appendChild(cell);
    });
  }

  function button(place, text, look, act) {
    var made = document.createElement('button');
    made.type = 'button';
    made.className = 'btn ' + look;
    made.textContent = text;
    made.addEventListener('click', act);
    place.appendChild(made);
  }

  function submit(form) {
    if (!keep(form, 'waiting')) {
      say(form, 'is-bad', words.unstored);
      form.submit();
      return;
    }
    drafts.send(form.dataset.key);
  }

  function prepare(form) {
    var box = card(form);
    if (box) {
      box.querySelector('[data-visit-buttons]').hidden = false;
      box.querySelectorAll('[data-open]').forEach(function (opener) {
        opener.addEventListener('click', function () {
          var sheet = box.querySelector('[data-visit-sheet]');
          sheet.hidden = !sheet.hidden && outcome(form) === opener.dataset.open;
          choose(form, opener.dataset.open, true);
        });
      });
    }
    form.querySelectorAll('[data-now]').forEach(function (element) {
      element.hidden = false;
      element.addEventListener('click', function () {
        form.elements.started.value = now();
        keep(form, 'draft');
      });
    });
    form.addEventListener('input', function () {
      say(form, keep(form, 'draft') ? '' : 'is-bad', drafts.get(form.dataset.key) ? words.draft : words.unstored);
    });
    form.addEventListener('change', function (event) {
      if (event.target.name === 'outcome') { choose(form, event.target.value, true); }
    });
    form.addEventListener('submit', function (event) {
      event.preventDefault();
      submit(form);
    });
    arrange(form);
    restore(form);
  }

  forms.forEach(prepare);
  drafts.listen(function (key, result) {
    forms.filter(function (form) { return form.dataset.key === key; })
      .forEach(function (form) { show(form, result); });
  });
})();
