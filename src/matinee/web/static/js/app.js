// The pages work without this; it makes them quick. Each module minds one thing.
import "./theme.js";
import "./dialogs.js";
import "./stars.js";
import "./shelves.js";
import "./keys.js";
import "./pages.js";
import "./more.js";
import "./control.js";
