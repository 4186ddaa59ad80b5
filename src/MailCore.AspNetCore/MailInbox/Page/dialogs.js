// The page's questions.

const find = (id, selector) => document.querySelector(`#${id}-dialog ${selector}`);

/**
 * Opens a dialog. Its button "go" runs the work; the dialog closes when that has succeeded, and shows why not otherwise.
 * Esc and "cancel" close it.
 */
export function ask(id, work = null) {
  const dialog = document.getElementById(`${id}-dialog`);
  const fault = dialog.querySelector('.fault');
  const go = dialog.querySelector('.go');
  const input = dialog.querySelector('input');
  const run = async () => {
    if (input !== null && !input.reportValidity())
      return;

    go.disabled = true;
    fault.textContent = '';
    try {
      await work();
      dialog.close();
    } catch (error) {
      fault.textContent = error.message;
    } finally {
      go.disabled = false;
    }
  };

  dialog.querySelector('.cancel').onclick = () => dialog.close();
  if (go !== null) {
    fault.textContent = '';
    go.onclick = run;
  }

  if (input !== null) {
    input.onkeydown = event => {
      if (event.key === 'Enter')
        run();
    };
  }

  dialog.showModal();
}

/** Asks before everything in a mailbox, an account or all of them is deleted. */
export function askEmpty(what, count, work) {
  find('empty', '#empty-text').textContent = `${what}: ${count}. They do not come back.`;
  ask('empty', work);
}

/** Asks for the addresses that a message shall really go to; the work gets them. */
export function askRelease(hint, work) {
  const input = find('release', 'input');
  find('release', '#release-hint').textContent = hint ?? '';
  ask('release', () => work(input.value.split(',').map(address => address.trim()).filter(Boolean)));
}
