/* The sheet of steps 5 and 6: reasons appear where the judgement asks for them; a column of targets
 * can be pasted; choices that only lead to another page need no button. */
(function () {
  'use strict';

  function follow(row) {
    var choice = row.querySelector('select.judge');
    if (!choice) { return; }
    var isAbnormal = choice.value === 'ABNORMAL';
    var other = row.querySelector('.reason-other'), cause = row.querySelector('.reason-cause');
    other.hidden = choice.value === row.dataset.system;
    other.querySelector('input').required = !other.hidden;
    cause.hidden = !isAbnormal && !cause.querySelector('select').value;
    row.querySelector('.reason-cell').classList.toggle('is-empty', other.hidden && cause.hidden);
    row.classList.toggle('is-abnormal', isAbnormal);
    row.classList.toggle('is-other', !other.hidden);
  }

  document.querySelectorAll('[data-judged]').forEach(follow);
  document.addEventListener('change', function (event) {
    var row = event.target.closest('[data-judged]');
    if (row && event.target.matches('select.judge')) {
      follow(row);
      var reason = row.querySelector('.reason-other input');
      if (!row.querySelector('.reason-other').hidden) { reason.focus(); }
    }
    if (event.target.matches('[data-submit-on-change]')) { event.target.form.submit(); }
  });

  /** Groups without a line to show lose their heading too. */
  function markGroups() {
    document.querySelectorAll('.sheet-table .group-row').forEach(function (heading) {
      var row = heading.nextElementSibling, hasSome = false;
      while (row && row.matches('[data-judged]')) {
        hasSome = hasSome || row.matches('.is-abnormal, .is-other, .is-invalid');
        row = row.nextElementSibling;
      }
      heading.classList.toggle('has-none', !hasSome);
    });
  }

  document.querySelectorAll('[data-only-abnormal]').forEach(function (box) {
    box.addEventListener('change', function (event) {
      event.stopPropagation();
      markGroups();
      document.querySelector('.sheet-table').classList.toggle('only-abnormal', box.checked);
    });
    box.addEventListener('input', function (event) { event.stopPropagation(); });
  });

  document.querySelectorAll('[data-submit-on-change]').forEach(function (select) {
    var button = select.form.querySelector('button');
    if (button) { button.hidden = true; }
  });

  document.querySelectorAll('[data-paste-column]').forEach(function (area) {
    area.addEventListener('paste', function (event) {
      var text = event.clipboardData ? event.clipboardData.getData('text/plain') : '';
      var values = text.replace(/\r/g, '').replace(/\n$/, '').split(/[\n\t]/);
      if (values.length < 2) { return; }
      event.preventDefault();
      var fields = Array.prototype.slice.call(area.querySelectorAll('input'));
      var start = fields.indexOf(event.target);
      values.forEach(function (value, offset) {
        var field = fields[start + offset];
        if (field) {
          field.value = value.trim();
          field.dispatchEvent(new Event('input', { bubbles: true }));
        }
      });
    });
  });
})();
