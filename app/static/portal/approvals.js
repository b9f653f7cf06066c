/* Keys of the approval desk: j and k choose, a approves, r opens the return dialog. */
(function () {
  'use strict';

  var desk = document.querySelector('[data-desk]');
  if (!desk) {
    return;
  }
  var entries = Array.prototype.slice.call(desk.querySelectorAll('[data-desk-entry]'));
  var current = entries.findIndex(function (entry) {
    return entry.getAttribute('aria-current') === 'true';
  });

  if (current >= 0) {
    var list = desk.querySelector('.desk-entries');
    var row = entries[current].parentElement;
    if (row.offsetTop + row.offsetHeight > list.scrollTop + list.clientHeight) {
      list.scrollTop = row.offsetTop - list.clientHeight / 2;
    }
  }

  function press(selector) {
    var button = desk.querySelector(selector);
    if (button) {
      button.click();
    }
  }

  document.addEventListener('keydown', function (event) {
    var element = document.activeElement;
    var typing = /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) || element.isContentEditable;
    if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) {
      return;
    }
    var step = { j: 1, k: -1 }[event.key];
    if (step) {
      var next = entries[current + step];
      if (next) {
        next.click();
      }
    } else if (event.key === 'a') {
      press('[data-flow^="approve"]');
    } else if (event.key === 'r') {
      event.preventDefault();
      press('[data-flow^="return"]');
    }
  });
})();
