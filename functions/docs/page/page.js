// The page is served below the API's own origin, so the document and every request stay on it.
"use strict";

const KEEP = "latchkey-keep-authorization";
// Where Swagger UI itself stores what `persistAuthorization` keeps.
const AUTHORIZED = "authorized";

const box = document.getElementById("keep");
box.checked = localStorage.getItem(KEEP) === "yes";

// The field for a token would take the focus, and the dialog would scroll past the form to log in.
const formFirst = ({ React }) => ({
  wrapComponents: { Input: (Input) => (props) => React.createElement(Input, { ...props, autoFocus: false }) },
});

const ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  plugins: [formFirst],
  // A link must not be able to make the page show another document.
  queryConfigEnabled: false,
  // A token outlives the page only for a reader who asks for it.
  persistAuthorization: box.checked,
  validatorUrl: null,
});

box.addEventListener("change", () => {
  if (box.checked) {
    localStorage.setItem(KEEP, "yes");
  } else {
    localStorage.removeItem(KEEP);
    localStorage.removeItem(AUTHORIZED);
  }
  ui.getConfigs().persistAuthorization = box.checked;
  if (box.checked) {
    ui.authActions.persistAuthorizationIfNeeded();
  }
});
