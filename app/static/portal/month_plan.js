/* Step 8: the dialog that sets a customer's frequency, filled from the button of its row. */
(function () {
  'use strict';

  var dialog = document.getElementById('override-dialog');
  if (!dialog) {
    return;
  }

  document.addEventListener('click', function (event) {
    var button = event.target.closest('[data-override]');
    if (!button) {
      return;
    }
    var form = dialog.querySelector('form');
    form.elements.customer.value = button.dataset.override;
    form.elements.frequency.value = button.dataset.frequency;
    form.elements.note.value = button.dataset.note;
    dialog.querySelector('[data-override-name]').textContent = button.dataset.name;
    dialog.querySelector('[data-override-rule]').textContent = button.dataset.rule;
    dialog.showModal();
  });
})();
