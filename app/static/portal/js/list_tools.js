/* The choice of columns: moving them, and one short argument instead of a repeated one. */
(function () {
  'use strict';

  document.addEventListener('click', function (event) {
    var button = event.target.closest('[data-move]');
    if (!button) {
      return;
    }
    var row = button.closest('li');
    if (button.dataset.move === '1' && row.nextElementSibling) {
      row.parentNode.insertBefore(row.nextElementSibling, row);
    } else if (button.dataset.move === '-1' && row.previousElementSibling) {
      row.parentNode.insertBefore(row, row.previousElementSibling);
    }
    button.focus();
  });

  document.addEventListener('submit', function (event) {
    var form = event.target;
    if (!form.matches('[data-columns]')) {
      return;
    }
    var chosen = form.querySelectorAll('[name="columns"]');
    var names = [];
    chosen.forEach(function (field) {
      if (field.type === 'hidden' || field.checked) {
        names.push(field.value);
      }
      field.disabled = true;
    });
    var all = document.createElement('input');
    all.type = 'hidden';
    all.name = 'columns';
    all.value = names.join(',');
    all.dataset.joined = '';
    form.appendChild(all);
  });

  // Back from the next page: the form is as it was before it was sent.
  window.addEventListener('pageshow', function () {
    document.querySelectorAll('[data-columns] [data-joined]').forEach(function (field) {
      field.remove();
    });
    document.querySelectorAll('[data-columns] [name="columns"]').forEach(function (field) {
      field.disabled = false;
    });
  });
})();
