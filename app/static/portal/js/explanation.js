/* Where a figure comes from, beside the figure: a link marked data-explain opens its explanation in
 * a popover. On a narrow or touched screen, with a key held down, or when it cannot be loaded, the
 * link leads to the page as any link does. */
(function () {
  'use strict';

  var roomy = window.matchMedia('(min-width: 901px) and (hover: hover)');
  var box = null, opener = null, asked = 0;

  function make() {
    box = document.createElement('div');
    box.id = 'explanation';
    box.className = 'explanation';
    box.setAttribute('popover', 'auto');
    box.setAttribute('role', 'dialog');
    box.tabIndex = -1;
    document.body.appendChild(box);
    box.addEventListener('toggle', function (event) {
      if (event.newState === 'closed' && opener) {
        opener.setAttribute('aria-expanded', 'false');
        if (box.contains(document.activeElement) || document.activeElement === document.body) {
          opener.focus({ preventScroll: true });
        }
        opener = null;
      }
    });
    box.addEventListener('click', function (event) {
      if (event.target.closest('[data-explain-close]')) { box.hidePopover(); }
    });
    window.addEventListener('scroll', function (event) {
      if (opener && !box.contains(event.target)) { place(); }
    }, true);
    window.addEventListener('resize', function () { if (opener) { box.hidePopover(); } });
  }

  /** Below the figure, or above it where there is more room; never outside the window. */
  function place() {
    var at = opener.getBoundingClientRect(), gap = 6, edge = 8;
    if (at.bottom < 0 || at.top > window.innerHeight) {
      box.hidePopover();
      return;
    }
    var below = window.innerHeight - at.bottom - gap - edge, above = at.top - gap - edge;
    var isBelow = below >= Math.min(box.scrollHeight, 360) || below >= above;
    box.style.maxHeight = Math.max(isBelow ? below : above, 160) + 'px';
    box.style.left = Math.max(edge, Math.min(at.left, window.innerWidth - box.offsetWidth - edge)) + 'px';
    box.style.top = Math.max(edge, isBelow ? at.bottom + gap : at.top - gap - box.offsetHeight) + 'px';
  }

  function show(link, html) {
    if (!box) { make(); }
    if (opener && opener !== link) { opener.setAttribute('aria-expanded', 'false'); }
    box.innerHTML = html;
    box.setAttribute('aria-label', link.dataset.explain || link.textContent.trim());
    box.showPopover();
    opener = link;
    link.setAttribute('aria-expanded', 'true');
    link.setAttribute('aria-controls', box.id);
    place();
    box.focus({ preventScroll: true });
  }

  document.addEventListener('click', function (event) {
    var link = event.target.closest('a[data-explain]');
    if (!link || event.defaultPrevented || event.button !== 0 || !roomy.matches) { return; }
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) { return; }
    if (!HTMLElement.prototype.showPopover) { return; }
    event.preventDefault();
    if (opener === link) {
      box.hidePopover();
      return;
    }
    var url = new URL(link.href, window.location.href), mine = ++asked;
    url.searchParams.set('fragment', '1');
    fetch(url, { credentials: 'same-origin', headers: { Accept: 'text/html' } })
      .then(function (answer) {
        if (!answer.ok || answer.redirected) { throw new Error(String(answer.status)); }
        return answer.text();
      })
      .then(function (html) { if (mine === asked) { show(link, html); } })
      .catch(function () { window.location.assign(link.href); });
  });
})();
