/* Questions before a submit, and dialogs opened by buttons. */
(function () {
  'use strict';

  var dialog = document.getElementById('confirm-dialog');

  /** Ask in the dialog; calls `then` on OK. Browsers without <dialog> ask plainly. */
  Portal.confirm = function (text, then, danger) {
    if (!dialog || !dialog.showModal) {
      if (window.confirm(text)) {
        then();
      }
      return;
    }
    dialog.querySelector('.dialog-text').textContent = text;
    var ok = dialog.querySelector('[data-confirm-ok]');
    ok.classList.toggle('btn-danger', Boolean(danger));
    ok.classList.toggle('btn-primary', !danger);
    ok.textContent = danger ? Portal.text('delete') : Portal.text('ok');
    dialog.returnValue = '';
    dialog.onclose = function () {
      if (dialog.returnValue === 'ok') {
        then();
      }
    };
    dialog.showModal();
  };

  /** Label of the field that a bulk dialog would empty; '' when a new value is given. */
  function emptiedField(bulkDialog) {
    var input = bulkDialog && bulkDialog.querySelector('[data-bulk-input]:not([hidden]) [name]');
    if (!input || input.type === 'checkbox' || input.value !== '') {
      return '';
    }
    return bulkDialog.querySelector('[data-bulk-field]').selectedOptions[0].text;
  }

  function questionOf(button) {
    if (button.dataset.delete !== undefined) {
      return { text: Portal.text('confirm_delete', { name: button.dataset.delete }), danger: true };
    }
    var parts = [];
    if (button.dataset.confirm) {
      parts.push(button.dataset.confirm);
    }
    if (button.form && button.form.matches('[data-bulk]') && button.type === 'submit') {
      var all = button.form.querySelector('[data-all-filtered]');
      if (all && all.value === '1') {
        parts.push(Portal.text('confirm_all', { count: button.form.dataset.allRows }));
      }
      var emptied = emptiedField(button.closest('dialog'));
      if (emptied) {
        parts.push(Portal.text('confirm_clear', { name: emptied }));
      }
    }
    return parts.length ? { text: parts.join('\n'), danger: false } : null;
  }

  document.addEventListener('click', function (event) {
    var button = event.target.closest('button');
    if (!button || button.dataset.confirmed) {
      return;
    }
    var opens = button.dataset.openDialog;
    if (opens) {
      document.getElementById(opens).showModal();
      return;
    }
    if (button.dataset.closeDialog !== undefined) {
      button.closest('dialog').close();
      return;
    }
    var question = button.form ? questionOf(button) : null;
    if (question) {
      event.preventDefault();
      Portal.confirm(question.text, function () {
        button.dataset.confirmed = 'yes';
        button.click();
        delete button.dataset.confirmed;
      }, question.danger);
    }
  });
})();
