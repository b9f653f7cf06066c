/* Words, CSRF and small tools shared by the other scripts. */
(function () {
  'use strict';

  var holder = document.getElementById('portal-text');
  var words = holder ? JSON.parse(holder.textContent) : {};
  var token = document.querySelector('meta[name="csrf-token"]');

  window.Portal = {
    csrf: token ? token.content : '',

    /** The translated word under `key`, with {name} placeholders filled. */
    text: function (key, values) {
      var text = words[key] || key;
      Object.keys(values || {}).forEach(function (name) {
        text = text.split('{' + name + '}').join(values[name]);
      });
      return text;
    },

    /** POST JSON to this site; rejects when the answer is not a success. */
    post: function (url, body) {
      return fetch(url, {
        method: 'POST',
        credentials: 'same-origin',
        headers: { 'Content-Type': 'application/json', 'X-CSRFToken': Portal.csrf },
        body: JSON.stringify(body)
      }).then(function (answer) {
        if (!answer.ok) {
          throw new Error(String(answer.status));
        }
        return answer.json();
      });
    },

    /** Set bar widths from data-width; style attributes in markup would need a laxer policy. */
    drawBars: function (root) {
      (root || document).querySelectorAll('[data-width]').forEach(function (bar) {
        bar.style.setProperty('--width', bar.dataset.width + '%');
      });
    }
  };

  if (window.jQuery) {
    jQuery.ajaxSetup({
      beforeSend: function (xhr, settings) {
        if (!/^(GET|HEAD|OPTIONS)$/i.test(settings.type) && !settings.crossDomain) {
          xhr.setRequestHeader('X-CSRFToken', Portal.csrf);
        }
      }
    });
  }
  Portal.drawBars();
})();
