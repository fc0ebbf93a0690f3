//! The frame of every page: HTML without scripts, for light and dark displays.

use std::fmt::Write as _;

use super::fields::{DECISION, Fields, TARGETS};

/// Returns a page around a body that is already HTML. The title is text.
pub(super) fn page(brand: &str, title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <title>{title} · {brand}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <p class=\"brand\">{brand} <span>emulator</span></p>\n<h1>{title}</h1>\n{body}\n</main>\n\
         <p class=\"foot\">An emulator on this machine. It sends nothing to {brand}.</p>\n</body>\n</html>\n",
        brand = escape(brand),
        title = escape(title),
    )
}

/// Returns a page with a message and no form.
pub(super) fn notice(brand: &str, title: &str, message: &str) -> String {
    page(brand, title, &format!("<p>{}</p>", escape(message)))
}

/// Returns a form that is posted to `action`, with these hidden fields.
pub(super) fn form(action: &str, hidden: &Fields, names: &[&str], inside: &str) -> String {
    let mut html = format!("<form method=\"post\" action=\"{}\">\n", escape(action));
    for name in names.iter().chain(&TARGETS) {
        for value in hidden.all(name) {
            let value = escape(value);
            // Writing to a string cannot fail.
            let _ = writeln!(html, "<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
        }
    }
    html + inside
        + &format!(
            "<div class=\"buttons\">\
             <button class=\"primary\" name=\"{DECISION}\" value=\"allow\">Allow</button>\
             <button name=\"{DECISION}\" value=\"deny\" formnovalidate>Deny</button></div>\n</form>"
        )
}

/// Returns the fields for e-mail and password. The e-mail is filled in.
pub(super) fn sign_in_fields(email: &str) -> String {
    format!(
        "<label>E-mail<input type=\"email\" name=\"email\" value=\"{}\" autocomplete=\"username\" required></label>\n\
         <label>Password<input type=\"password\" name=\"password\" placeholder=\"any password works\" \
         autocomplete=\"current-password\"></label>\n",
        escape(email)
    )
}

/// Returns the message about a wrong input, which is shown above the form.
pub(super) fn complaint(message: Option<&str>) -> String {
    message.map_or_else(String::new, |message| format!("<p class=\"complaint\">{}</p>\n", escape(message)))
}

/// Escapes text for HTML, between tags and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut html, char| {
        match char {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
        html
    })
}

const STYLE: &str = "
:root { color-scheme: light dark; --back: #eef1f5; --card: #fff; --text: #1b2430; --soft: #5b6778; --line: #d5dbe3;
  --accent: #1f5fd0; --on-accent: #fff; --alarm: #a3261d; --alarm-back: #fdeceb; }
@media (prefers-color-scheme: dark) { :root { --back: #12161c; --card: #1c222b; --text: #e7ecf2; --soft: #9aa7b8;
  --line: #343d4a; --accent: #7fadff; --on-accent: #0d1b33; --alarm: #ffb4ab; --alarm-back: #3b1c1a; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; padding: 2rem 1rem; display: flex; flex-direction: column; align-items: center;
  justify-content: center; gap: 1rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; }
main { width: 100%; max-width: 27rem; padding: 2rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .75rem; box-shadow: 0 .25rem 1.5rem rgb(0 0 0 / .08); }
.brand { margin: 0; font-weight: 700; letter-spacing: .01em; }
.brand span { margin-left: .35rem; padding: .1rem .5rem; border: 1px solid var(--line); border-radius: 1rem;
  color: var(--soft); font-size: .75rem; font-weight: 400; }
h1 { margin: .75rem 0 1rem; font-size: 1.375rem; line-height: 1.25; }
p { margin: 0 0 1rem; }
code { font: .9em ui-monospace, 'Cascadia Mono', Menlo, Consolas, monospace; overflow-wrap: anywhere; }
ul { margin: 0 0 1.25rem; padding: .75rem 1rem .75rem 2rem; border: 1px solid var(--line); border-radius: .5rem; }
label { display: block; margin: 0 0 1rem; color: var(--soft); font-size: .875rem; }
label.box { display: flex; gap: .6rem; align-items: baseline; margin: 0; padding: .5rem 0; color: var(--text);
  font-size: 1rem; }
fieldset { margin: 0 0 1.25rem; padding: .25rem 1rem; border: 1px solid var(--line); border-radius: .5rem; }
legend { padding: 0 .35rem; color: var(--soft); font-size: .875rem; }
input:not([type=checkbox]) { display: block; width: 100%; margin-top: .25rem; padding: .6rem .75rem;
  border: 1px solid var(--line); border-radius: .5rem; background: transparent; color: var(--text); font: inherit; }
input.code { font: 1.25rem ui-monospace, Menlo, Consolas, monospace; letter-spacing: .12em; text-align: center; }
input:focus-visible, button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.buttons { display: flex; gap: .75rem; margin-top: 1.5rem; }
button { flex: 1; padding: .65rem 1rem; border: 1px solid var(--line); border-radius: .5rem; background: transparent;
  color: var(--text); font: inherit; font-weight: 600; cursor: pointer; }
button.primary { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
.complaint { padding: .6rem .85rem; border-radius: .5rem; background: var(--alarm-back); color: var(--alarm); }
.note, .foot { margin: 1.25rem 0 0; color: var(--soft); font-size: .8125rem; }
.foot { margin: 0; }
";

#[cfg(test)]
mod tests {
    use super::{escape, notice};

    #[test]
    fn text_stays_text() {
        assert_eq!(escape("<a b=\"c\" d='e'>&"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
        let page = notice("GoTo", "<title>", "<script>");
        assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
        assert_eq!(page.matches("<title>").count(), 1);
    }
}
