/* Filter bar, selection and the floating bulk bar. */
(function () {
  'use strict';

  document.addEventListener('change', function (event) {
    var target = event.target;
    if (target.matches('[data-submit]') && target.form && window.innerWidth > 860) {
      send(target.form);
    }
    if (target.matches('[data-check-all]')) {
      rowsOf(target.dataset.checkAll).forEach(function (box) { box.checked = target.checked; });
      refresh(target.dataset.checkAll, false);
    }
    if (target.matches('[data-check-row]')) {
      refresh(target.getAttribute('form'), false);
    }
    if (target.matches('[data-bulk-field]')) {
      showBulkInput(target);
    }
  });

  if (window.jQuery) {
    jQuery(document).on('select2:select select2:clear', '[data-submit]', function () {
      if (window.innerWidth > 860) {
        send(this.form);
      }
    });
  }

  function send(form) {
    if (form.requestSubmit) {
      form.requestSubmit();
    } else {
      dropEmpty(form);
      form.submit();
    }
  }

  /** Leave empty inputs out, so that addresses stay short and readable. */
  function dropEmpty(form) {
    form.querySelectorAll('input[name], select[name]').forEach(function (field) {
      if (field.value === '') {
        field.disabled = true;
      }
    });
  }

  document.addEventListener('submit', function (event) {
    if (event.target.matches('[data-filters]')) {
      dropEmpty(event.target);
    }
  });

  window.addEventListener('pageshow', function () {
    document.querySelectorAll('[data-filters] :disabled').forEach(function (field) {
      field.disabled = false;
    });
    document.querySelectorAll('[data-bulk]').forEach(function (form) { refresh(form.id, false); });
  });

  document.addEventListener('click', function (event) {
    var toggle = event.target.closest('[data-toggle-filters]');
    if (toggle) {
      var open = toggle.closest('form').classList.toggle('is-open');
      toggle.setAttribute('aria-expanded', String(open));
    }
    var all = event.target.closest('[data-select-all]');
    if (all) {
      rowsOf(all.form.id).forEach(function (box) { box.checked = true; });
      refresh(all.form.id, true);
    }
    var clear = event.target.closest('[data-clear-selection]');
    if (clear) {
      rowsOf(clear.form.id).forEach(function (box) { box.checked = false; });
      refresh(clear.form.id, false);
    }
  });

  function rowsOf(formId) {
    return document.querySelectorAll('[data-check-row][form="' + formId + '"]');
  }

  function refresh(formId, allFiltered) {
    var form = document.getElementById(formId);
    if (!form) {
      return;
    }
    var rows = rowsOf(formId);
    var count = 0;
    rows.forEach(function (box) {
      box.closest('tr').classList.toggle('is-checked', box.checked);
      count += box.checked ? 1 : 0;
    });
    form.hidden = count === 0;
    document.body.classList.toggle('has-bulk', count > 0);
    form.querySelector('[data-all-filtered]').value = allFiltered ? '1' : '0';
    var words = allFiltered
      ? Portal.text('all_selected', { count: form.dataset.allRows })
      : Portal.text('selected', { count: count });
    form.querySelector('[data-bulk-count]').textContent = words;
    var summary = document.querySelector('#bulk-' + formId.replace('rows-', '') + ' [data-bulk-summary]');
    if (summary) {
      summary.textContent = words;
    }
    var selectAll = form.querySelector('[data-select-all]');
    if (selectAll) {
      selectAll.hidden = allFiltered || count < rows.length;
    }
    var head = document.querySelector('[data-check-all="' + formId + '"]');
    if (head) {
      head.checked = count > 0 && count === rows.length;
      head.indeterminate = count > 0 && count < rows.length;
    }
  }

  function showBulkInput(select) {
    select.closest('dialog').querySelectorAll('[data-bulk-input]').forEach(function (block) {
      block.hidden = block.dataset.bulkInput !== select.value;
    });
  }

  document.querySelectorAll('[data-bulk-field]').forEach(showBulkInput);
})();
