use super::Loaded;
use super::setting::{Form, Setting};
use super::table::table;

impl Loaded {
    /// Every setting with its value and where that comes from, as a configuration file that could be read again; but
    /// secrets are left out.
    pub(crate) fn printed(&self) -> String {
        let mut text = String::new();
        for group in table() {
            text.push_str(&format!("\n# {}\n", group.heading));
            for setting in &group.settings {
                let source = self.sources.get(setting.name).map_or("default".to_owned(), ToString::to_string);
                text.push_str(&format!("{:<48} # {source}\n", self.line(setting)));
            }
        }
        text.trim_start().to_owned()
    }

    fn line(&self, setting: &Setting) -> String {
        let name = setting.name;
        let words = setting.write(&self.config);
        match (setting.form, words.as_slice()) {
            (Form::List, words) => {
                format!("{name} = [{}]", words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", "))
            }
            (_, []) => format!("# {name} is not set"),
            _ if setting.secret => format!("# {name} is set, and not shown"),
            (Form::Text, words) => format!("{name} = {}", quoted(&words.concat())),
            (Form::Number | Form::Switch, words) => format!("{name} = {}", words.concat()),
        }
    }
}

/// A basic string of TOML, which a JSON string is but for DEL.
fn quoted(word: &str) -> String {
    serde_json::Value::from(word).to_string().replace('\u{7f}', "\\u007f")
}
