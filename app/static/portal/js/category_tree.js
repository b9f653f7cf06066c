/* The category tree on wide screens: drag and drop and a toolbar; every change goes to the server,
   which answers with the whole tree, so that the page always shows what is stored. */
(function () {
  'use strict';

  var holder = document.getElementById('category-data');
  var box = document.getElementById('category-tree');
  if (!holder || !box || !window.mar10 || !window.matchMedia('(min-width: 768px)').matches) {
    return;
  }
  var data = JSON.parse(holder.textContent);
  var list = document.querySelector('[data-tree-list]');
  var state = document.querySelector('[data-tree-state]');
  var dialog = document.getElementById('tree-dialog');
  var addCard = document.querySelector('.tree-add');

  function text(key, name) {
    return data.text[key].split('{name}').join(name);
  }

  function say(message, isBad) {
    state.textContent = message;
    state.classList.toggle('is-bad', Boolean(isBad));
  }

  box.hidden = false;
  list.hidden = true;
  if (addCard) {
    addCard.hidden = true;
  }

  var tree = new window.mar10.Wunderbaum({
    element: box,
    id: 'categories',
    source: data.source,
    debugLevel: 1,
    rowHeightPx: 36,
    header: true,
    icon: false,
    iconMap: 'fontawesome6',
    navigationModeOption: 'row',
    emptyChildListExpandable: false,
    columns: [
      { id: '*', title: data.text.name, width: '*' },
      { id: 'code', title: data.text.code, width: '180px' },
      { id: 'total', title: data.text.products, width: '120px' }
    ],
    filter: { autoApply: true, mode: 'hide', autoExpand: true },
    dnd: {
      dragStart: function (event) {
        if (!data.may.update) {
          return false;
        }
        event.event.dataTransfer.effectAllowed = 'move';
        return true;
      },
      dragEnter: function (event) {
        event.event.dataTransfer.dropEffect = 'move';
        if (event.node === event.sourceNode || event.node.isDescendantOf(event.sourceNode)) {
          return false;
        }
        return event.node.data.own ? new Set(['before', 'after']) : new Set(['before', 'after', 'over']);
      },
      drop: function (event) {
        move(event.sourceNode, event.node, event.suggestedDropMode);
      }
    },
    render: function (event) {
      var node = event.node;
      Object.values(event.renderColInfosById).forEach(function (column) {
        if (column.id === 'code') {
          column.elem.textContent = node.data.code;
        } else if (column.id === 'total') {
          showCount(column.elem, node);
        }
      });
    },
    activate: setTools,
    deactivate: setTools,
    dblclick: function (event) {
      if (data.may.update && event.node) {
        askRename(event.node);
        return false;
      }
      return true;
    },
    keydown: function (event) {
      if (event.event.key === 'F2' && data.may.update && event.node) {
        askRename(event.node);
        return false;
      }
      return true;
    }
  });
  window.categoryTree = tree;

  function showCount(cell, node) {
    var count = String(node.data.total);
    cell.textContent = '';
    if (!data.products_url || !node.data.total) {
      cell.textContent = count;
      cell.classList.add('tree-number', 'is-zero');
      return;
    }
    var link = document.createElement('a');
    link.href = data.products_url + '?q_category=' + node.key;
    link.textContent = count;
    link.className = 'tree-number';
    link.title = text('show_products', node.title);
    cell.appendChild(link);
  }

  function send(url, fields, key) {
    var body = new FormData();
    Object.keys(fields).forEach(function (name) {
      body.append(name, fields[name]);
    });
    say(Portal.text('saving'));
    return fetch(url, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { Accept: 'application/json', 'X-CSRFToken': Portal.csrf },
      body: body
    }).then(function (answer) {
      return answer.json().then(function (content) {
        say(content.message || content.error || data.text.failed, !answer.ok);
        if (content.tree) {
          reload(content.tree, key);
        }
      });
    }).catch(function () {
      say(data.text.failed, true);
    });
  }

  function urlOf(kind, node) {
    return data.urls[kind].replace(/0$/, node.key);
  }

  function reload(source, key) {
    var open = new Set();
    tree.visit(function (node) {
      if (node.expanded) {
        open.add(node.key);
      }
    });
    (function mark(nodes) {
      nodes.forEach(function (node) {
        node.expanded = node.expanded || open.has(node.key);
        mark(node.children || []);
      });
    })(source);
    tree.load(source).then(function () {
      var active = key && tree.findKey(key);
      if (active) {
        active.setActive();
      }
      // Rows that came into view while the list was rebuilt are drawn in a second pass.
      window.requestAnimationFrame(function () {
        tree.update('any');
        setTools();
      });
    });
  }

  function move(node, target, place) {
    send(urlOf('move', node), {
      version: node.data.version,
      target: target ? target.key : '',
      place: place === 'appendChild' ? 'over' : place
    }, node.key);
  }

  function ask(title, name, code, then) {
    document.getElementById('tree-dialog-title').textContent = title;
    var nameInput = document.getElementById('tree-name');
    var codeInput = document.getElementById('tree-code');
    nameInput.value = name;
    codeInput.value = code;
    dialog.returnValue = '';
    dialog.onclose = function () {
      if (dialog.returnValue === 'ok' && nameInput.value.trim()) {
        then(nameInput.value, codeInput.value);
      }
    };
    dialog.showModal();
    nameInput.select();
  }

  function askRename(node) {
    ask(text('rename', node.title), node.title, node.data.code, function (name, code) {
      send(urlOf('rename', node), { version: node.data.version, name: name, code: code }, node.key);
    });
  }

  function parentOf(node) {
    return node.parent && node.parent.key && node.parent.parent ? node.parent : null;
  }

  var actions = {
    'add-child': function (node) {
      ask(text('add_below', node.title), '', '', function (name, code) {
        node.setExpanded(true);
        send(data.urls.add, { parent: node.key, name: name, code: code }, node.key);
      });
    },
    rename: askRename,
    up: function (node) {
      move(node, node.getPrevSibling(), 'before');
    },
    down: function (node) {
      move(node, node.getNextSibling(), 'after');
    },
    in: function (node) {
      move(node, node.getPrevSibling(), 'over');
    },
    out: function (node) {
      move(node, parentOf(node), 'after');
    },
    delete: function (node) {
      Portal.confirm(text('confirm_delete', node.title), function () {
        send(urlOf('delete', node), { version: node.data.version });
      }, true);
    }
  };

  function allowed(action, node) {
    var before = node.getPrevSibling();
    return {
      'add-child': !node.data.own,
      rename: true,
      up: Boolean(before),
      down: Boolean(node.getNextSibling()),
      in: Boolean(before) && !before.data.own,
      out: Boolean(parentOf(node)),
      delete: node.data.leaf && !node.data.own
    }[action];
  }

  function setTools() {
    var node = tree.getActiveNode();
    document.querySelectorAll('.tree-tools [data-tree-action]').forEach(function (button) {
      button.disabled = !node || !allowed(button.dataset.treeAction, node);
    });
  }

  document.addEventListener('click', function (event) {
    var button = event.target.closest('[data-tree-action]');
    if (!button) {
      return;
    }
    if (button.dataset.treeAction === 'add-top') {
      addCard.hidden = false;
      addCard.open = true;
      addCard.querySelector('[name="name"]').focus();
      return;
    }
    var node = tree.getActiveNode();
    if (node) {
      actions[button.dataset.treeAction](node);
    }
  });

  document.getElementById('tree-filter').addEventListener('input', function () {
    var found = tree.filterNodes(this.value, { mode: 'hide' });
    say(this.value && !found ? data.text.no_match : '');
  });
})();
