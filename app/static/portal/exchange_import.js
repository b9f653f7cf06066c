/* The import wizard: dropping a file, samples beside the chosen column, what may be imported. */
(function () {
  'use strict';

  function busy(form) {
    form.addEventListener('submit', function () {
      var button = form.querySelector('[data-busy]');
      if (button) {
        button.textContent = button.dataset.busy;
        window.setTimeout(function () { button.disabled = true; }, 0);
      }
    });
  }

  function upload(form) {
    var input = form.querySelector('input[type="file"]');
    var zone = form.querySelector('[data-drop-zone]');
    var name = form.querySelector('[data-file-name]');
    var error = form.querySelector('[data-file-error]');
    var button = form.querySelector('[data-upload-button]');

    function look() {
      var file = input.files[0];
      var problem = '';
      if (file && !/\.(xlsx|csv)$/i.test(file.name)) {
        problem = form.dataset.wrongType;
      } else if (file && file.size > Number(form.dataset.mostBytes)) {
        problem = form.dataset.tooLarge;
      }
      name.textContent = file ? file.name + ' · ' + size(file.size) : '';
      error.textContent = problem;
      error.hidden = !problem;
      button.disabled = Boolean(problem);
    }

    function size(bytes) {
      return bytes < 1048576 ? Math.ceil(bytes / 1024) + ' KB' : (bytes / 1048576).toFixed(1) + ' MB';
    }

    ['dragenter', 'dragover'].forEach(function (type) {
      zone.addEventListener(type, function (event) {
        event.preventDefault();
        zone.classList.add('is-over');
      });
    });
    ['dragleave', 'drop'].forEach(function (type) {
      zone.addEventListener(type, function (event) {
        event.preventDefault();
        zone.classList.remove('is-over');
      });
    });
    zone.addEventListener('drop', function (event) {
      if (event.dataTransfer.files.length) {
        input.files = event.dataTransfer.files;
        look();
      }
    });
    input.addEventListener('change', look);
    look();
  }

  function columns(form) {
    var samples = JSON.parse(form.querySelector('[data-samples]').textContent);
    var selects = form.querySelectorAll('[data-mapping-from]');

    function show(select) {
      var row = select.closest('tr');
      var isColumn = select.value.indexOf('column:') === 0;
      var constant = row.querySelector('[data-mapping-constant]');
      constant.hidden = select.value !== 'constant';
      row.querySelector('[data-mapping-default]').hidden = !isColumn;
      row.classList.toggle('is-mapped', Boolean(select.value));
      row.querySelector('[data-mapping-samples]').textContent =
        isColumn ? (samples[select.value.slice(7)] || []).join(' · ') : '';
    }

    /* A column that another field uses already is told, not forbidden. */
    function markUsed() {
      var used = {};
      selects.forEach(function (select) {
        if (select.value.indexOf('column:') === 0) {
          used[select.value] = (used[select.value] || 0) + 1;
        }
      });
      selects.forEach(function (select) {
        select.classList.toggle('is-twice', used[select.value] > 1);
      });
    }

    selects.forEach(function (select) {
      select.addEventListener('change', function () {
        var guess = select.closest('tr').querySelector('[data-mapping-guess]');
        if (guess) {
          guess.remove();
        }
        show(select);
        markUsed();
      });
      show(select);
    });
    markUsed();
  }

  function commit(form) {
    var allow = form.querySelector('[data-allow-rejected]');
    var button = form.querySelector('[data-commit-button]');
    if (!allow || !button) {
      return;
    }
    function look() {
      button.disabled = !allow.checked;
    }
    allow.addEventListener('change', look);
    look();
  }

  document.querySelectorAll('[data-import-upload], [data-import-columns], [data-import-commit]')
    .forEach(busy);
  document.querySelectorAll('[data-import-upload]').forEach(upload);
  document.querySelectorAll('[data-import-columns]').forEach(columns);
  document.querySelectorAll('[data-import-commit]').forEach(commit);
})();
