/* Sidebar drawer, popovers, messages, the search key. */
(function () {
  'use strict';

  function toggleSide(open) {
    var isOpen = document.body.classList.toggle('side-open', open);
    var scrim = document.querySelector('.scrim');
    if (scrim) {
      scrim.hidden = !isOpen;
    }
  }

  function closePopovers(except) {
    document.querySelectorAll('details[data-popover][open]').forEach(function (popover) {
      if (popover !== except) {
        popover.open = false;
      }
    });
  }

  function rememberGroups() {
    document.querySelectorAll('details[data-remember]').forEach(function (group) {
      var key = group.dataset.remember;
      try {
        if (localStorage.getItem(key) === 'closed' && !group.querySelector('.is-active')) {
          group.open = false;
        }
        group.addEventListener('toggle', function () {
          localStorage.setItem(key, group.open ? 'open' : 'closed');
        });
      } catch (blocked) {
        return;
      }
    });
  }

  document.addEventListener('click', function (event) {
    if (event.target.closest('[data-toggle-side]')) {
      toggleSide();
    }
    closePopovers(event.target.closest('details[data-popover]'));
    var close = event.target.closest('[data-close-alert]');
    if (close) {
      close.closest('.alert').remove();
    }
    if (event.target.closest('[data-go-back]')) {
      window.history.back();
    }
  });

  document.addEventListener('keydown', function (event) {
    if (event.key === 'Escape') {
      closePopovers(null);
      toggleSide(false);
    }
    var typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName) ||
      document.activeElement.isContentEditable;
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey) {
      var field = document.querySelector('[data-search-key]') ||
        document.querySelector('[data-filters] input[type="search"]');
      if (field && field.offsetParent !== null) {
        event.preventDefault();
        field.focus();
      }
    }
  });

  function openTab(id) {
    var tab = document.querySelector('.tabs[role="tablist"] a[href="#' + id + '"]');
    if (!tab) {
      return;
    }
    document.querySelectorAll('.tabs a').forEach(function (other) {
      other.setAttribute('aria-selected', String(other === tab));
    });
    document.querySelectorAll('.tab-panel').forEach(function (panel) {
      panel.hidden = panel.id !== id;
    });
  }

  /* Tabs of one page; other lists of the look lead to pages of their own. */
  var tabs = document.querySelector('.tabs[role="tablist"]');
  if (tabs) {
    openTab('detail');
    openTab(window.location.hash.slice(1));
    tabs.addEventListener('click', function (event) {
      var tab = event.target.closest('a');
      if (tab) {
        event.preventDefault();
        openTab(tab.hash.slice(1));
        window.history.replaceState(null, '', tab.hash);
      }
    });
  }

  document.querySelectorAll('[data-print]').forEach(function (button) {
    button.addEventListener('click', function () { window.print(); });
  });

  rememberGroups();
})();
