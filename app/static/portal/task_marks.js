/* Step 12: ★ without leaving the list. Without script the button posts the page's form. */
(function () {
  'use strict';

  function show(button, answer) {
    var done = answer.mark === 'DONE';
    button.textContent = answer.words;
    button.setAttribute('aria-pressed', String(done));
    button.classList.toggle('mark-done', done);
    button.classList.toggle('mark-open', !done);
    var row = button.closest('tr');
    var day = row && row.querySelector('.cell-done_on');
    if (day) { day.textContent = answer.day || '—'; }
    var why = row && row.querySelector('.cell-why_undone');
    if (why && done) { why.textContent = '—'; }
  }

  document.addEventListener('click', function (event) {
    var button = event.target.closest('button[data-mark]');
    if (!button || !window.fetch) { return; }
    event.preventDefault();
    if (button.getAttribute('aria-busy') === 'true') { return; }
    button.setAttribute('aria-busy', 'true');
    var form = document.getElementById(button.getAttribute('form'));
    fetch(button.getAttribute('formaction'), {
      method: 'POST', credentials: 'same-origin', body: new FormData(form),
      headers: { Accept: 'application/json' }
    })
      .then(function (answer) {
        return answer.json().then(function (data) {
          if (!answer.ok) { throw new Error(data.error || ''); }
          show(button, data);
        });
      })
      .catch(function (problem) {
        var note = document.createElement('span');
        note.className = 'field-error';
        note.setAttribute('role', 'alert');
        note.textContent = problem.message || form.dataset.failed;
        button.after(note);
        window.setTimeout(function () { note.remove(); }, 6000);
      })
      .finally(function () { button.removeAttribute('aria-busy'); });
  });
})();
