/* Selects with search, date pickers, unsaved changes, double submits, focus on errors. */
(function ($) {
  'use strict';

  var language = document.documentElement.lang;

  function enhanceSelects(root) {
    if (!$ || !$.fn.select2) {
      return;
    }
    $(root).find('select[data-remote-select]').each(function () {
      $(this).select2({
        ajax: {
          url: this.dataset.remoteSelect,
          dataType: 'json',
          delay: 250,
          data: function (asked) { return { q: asked.term || '', page: asked.page || 1 }; }
        },
        minimumInputLength: 1,
        allowClear: this.getAttribute('aria-required') !== 'true',
        placeholder: this.dataset.placeholder || Portal.text('search_hint'),
        language: language,
        dropdownParent: $(this).closest('dialog').length ? $(this).closest('dialog') : $(document.body)
      });
    });
    $(root).find('select[data-searchable], select.my_select2').each(function () {
      $(this).find('option[value="__None"]').text('').val('');
      $(this).select2({
        allowClear: !this.multiple && Boolean(this.querySelector('option[value=""]')),
        placeholder: this.dataset.placeholder || Portal.text('none'),
        language: language
      });
    });
    nameBoxes(root);
  }

  /** select2 draws its own box; it takes the name of the select it replaces. */
  function nameBoxes(root) {
    root.querySelectorAll('select.select2-hidden-accessible').forEach(function (select) {
      var label = select.getAttribute('aria-label') ||
        (select.labels && select.labels[0] ? select.labels[0].textContent.trim() : '');
      var box = select.nextElementSibling;
      if (label && box) {
        box.querySelectorAll('.select2-selection, .select2-selection__rendered').forEach(function (part) {
          part.setAttribute('aria-label', label);
        });
      }
    });
  }

  function pickDates() {
    if (!$ || !$.fn.datepicker) {
      return;
    }
    $('.appbuilder_date, .appbuilder_datetime').datepicker({
      format: 'yyyy-mm-dd',
      language: language,
      autoclose: true,
      todayHighlight: true,
      weekStart: 1
    });
  }

  function guardChanges(form) {
    var changed = false;
    var state = form.querySelector('[data-save-state]');
    function mark() {
      changed = true;
      if (state) {
        state.textContent = Portal.text('unsaved');
      }
    }
    form.addEventListener('input', mark);
    form.addEventListener('change', mark);
    if ($) {
      $(form).on('select2:select select2:clear', mark);
    }
    form.addEventListener('submit', function () {
      changed = false;
      if (state) {
        state.textContent = Portal.text('saving');
      }
    });
    document.querySelectorAll('[data-discard]').forEach(function (link) {
      link.addEventListener('click', function () { changed = false; });
    });
    window.addEventListener('beforeunload', function (event) {
      if (changed) {
        event.preventDefault();
        event.returnValue = '';
      }
    });
  }

  /** A second click while the first is under way would send the change twice. */
  document.addEventListener('submit', function (event) {
    var form = event.target;
    if (form.method !== 'post' || form.dataset.noBusy !== undefined || event.defaultPrevented) {
      return;
    }
    if (form.dataset.busy) {
      event.preventDefault();
      return;
    }
    form.dataset.busy = 'yes';
  });

  window.addEventListener('pageshow', function () {
    document.querySelectorAll('form[data-busy]').forEach(function (form) {
      delete form.dataset.busy;
    });
  });

  if ($) {
    // select2 4.0.13 loses the focus of its search box under jQuery 3.6.
    $(document).on('select2:open', function () {
      window.setTimeout(function () {
        var field = document.querySelector('.select2-container--open .select2-search__field');
        if (field) {
          field.focus();
        }
      }, 0);
    });
  }

  Portal.enhance = enhanceSelects;
  enhanceSelects(document);
  pickDates();
  document.querySelectorAll('[data-unsaved]').forEach(guardChanges);
  var first = document.querySelector('[data-focus]');
  if (first) {
    first.focus();
  }
})(window.jQuery);
