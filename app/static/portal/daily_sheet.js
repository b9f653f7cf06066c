/* The print button of the day sheet. */
(function () {
  'use strict';

  var button = document.querySelector('[data-print]');
  button.addEventListener('click', function () { window.print(); });
})();
