/* Step 14: a factual draft is appended to what the person has written; nothing is replaced. */
(function () {
  'use strict';

  document.querySelectorAll('[data-take-draft]').forEach(function (button) {
    button.addEventListener('click', function () {
      var text = document.getElementById(button.dataset.takeDraft);
      var draft = button.parentElement.querySelector('span').textContent;
      if (text.value.indexOf(draft) < 0) {
        text.value = (text.value.trim() ? text.value.replace(/\s+$/, '') + '\n' : '') + draft;
        text.dispatchEvent(new Event('input', { bubbles: true }));
      }
      text.focus();
    });
  });
})();
