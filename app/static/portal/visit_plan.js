/* The visit plan: ticking visits, and dragging one onto another day of the calendar. */
(function () {
  'use strict';

  document.querySelectorAll('[data-visits]').forEach(function (form) {
    var counter = form.querySelector('[data-visit-count]');
    var all = form.querySelector('[data-visit-all]');
    var bar = form.querySelector('[data-visit-bar]');

    function boxes() {
      return Array.from(form.querySelectorAll('input[name="visit"], input[name="customer"]'));
    }

    function show() {
      var count = boxes().filter(function (box) { return box.checked; }).length;
      if (counter) {
        counter.textContent = count
          ? counter.dataset.one.replace('{count}', count)
          : counter.dataset.none;
      }
      if (bar) {
        bar.classList.toggle('is-empty', count === 0);
      }
      if (all) {
        all.checked = count > 0 && count === boxes().length;
        all.indeterminate = count > 0 && count < boxes().length;
      }
    }

    form.addEventListener('change', function (event) {
      if (event.target === all) {
        boxes().forEach(function (box) { box.checked = all.checked; });
      }
      show();
    });
    show();
  });

  var dragged = null;

  function dayOf(event) {
    return dragged && event.target.closest ? event.target.closest('[data-drop-day]') : null;
  }

  function unmark() {
    document.querySelectorAll('.is-drop').forEach(function (cell) {
      cell.classList.remove('is-drop');
    });
  }

  document.addEventListener('dragstart', function (event) {
    var row = event.target.closest && event.target.closest('[data-visit]');
    if (!row) {
      return;
    }
    dragged = row;
    row.classList.add('is-dragged');
    document.body.classList.add('is-dragging-visit');
    event.dataTransfer.effectAllowed = 'move';
    event.dataTransfer.setData('text/plain', row.dataset.visit);
  });

  document.addEventListener('dragover', function (event) {
    var cell = dayOf(event);
    unmark();
    if (cell) {
      event.preventDefault();
      cell.classList.add('is-drop');
    }
  });

  document.addEventListener('dragend', function () {
    unmark();
    document.body.classList.remove('is-dragging-visit');
    if (dragged) {
      dragged.classList.remove('is-dragged');
      dragged = null;
    }
  });

  document.addEventListener('drop', function (event) {
    var cell = dayOf(event);
    if (!cell) {
      return;
    }
    event.preventDefault();
    var form = dragged.closest('form');
    var id = dragged.dataset.visit;
    form.querySelectorAll('input[name="visit"]').forEach(function (box) {
      box.checked = box.value === id;
    });
    form.querySelector('input[name="date"]').value = cell.dataset.dropDay;
    form.submit();
  });
})();
