
// Dark and light: as the system says, unless the reader says otherwise.

const THEMES = ["system", "light", "dark"];

function watchTheme() {
  const button = byId("theme");
  const wear = (theme) => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
  };
  let theme = remembered();
  wear(theme);
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    wear(theme);
    remember(theme);
  });
}

// a file, or a private window, may have no memory
function remembered() {
  try {
    const theme = localStorage.getItem("dbaudit-theme");
    return THEMES.includes(theme) ? theme : "system";
  } catch {
    return "system";
  }
}

function remember(theme) {
  try {
    localStorage.setItem("dbaudit-theme", theme);
  } catch {
    // then it lasts as long as the page
  }
}
