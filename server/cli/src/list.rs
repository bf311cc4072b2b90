//! `tidings list`.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use serde_json::{Value, json};

use crate::{
    cli::ListArgs,
    document::{Document, Kind, Procedure},
    failure::Result,
    words,
};

/// The longest line: characters. A longer word is not divided.
const WIDTH: usize = 100;

/// Prints the procedures of a service.
pub(crate) async fn list(args: &ListArgs) -> Result<()> {
    let document = Document::from(args.contract.as_deref(), &args.service.url).await?;
    let text = if args.json { format!("{:#}\n", as_json(&document)) } else { as_text(&document) };
    io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn as_text(document: &Document) -> String {
    let mut text = format!("{} {}\n", document.info.title, document.info.version);
    for (kind, heading) in [
        (Kind::Query, "Queries"),
        (Kind::Mutation, "Mutations"),
        (Kind::Subscription, "Subscriptions"),
    ] {
        let procedures = || document.methods.iter().filter(|procedure| procedure.kind == kind);
        if procedures().next().is_none() {
            continue;
        }
        let _ = write!(text, "\n{heading}\n");
        let width = procedures().map(|procedure| title(procedure).len()).max().unwrap_or_default();
        for procedure in procedures() {
            describe(&mut text, procedure, width);
        }
    }
    text
}

/// The procedure with its description, and a line for each member of its input.
fn describe(text: &mut String, procedure: &Procedure, width: usize) {
    let indent = width + 4;
    let described = wrapped(&procedure.description, indent);
    let _ = writeln!(text, "{}", format!("  {:width$}  {described}", title(procedure)).trim_end());
    let members: Vec<_> = procedure
        .members()
        .map(|member| {
            let name = format!("{}{}", member.name, if member.required { "" } else { "?" });
            (name, words::type_of(&member.schema), &member.description)
        })
        .collect();
    let names = members.iter().map(|(name, ..)| name.len()).max().unwrap_or_default();
    let types = members.iter().map(|(_, r#type, _)| r#type.len()).max().unwrap_or_default();
    for (name, r#type, description) in members {
        let described = wrapped(description, indent + 2 + names + 2 + types + 2);
        let line = format!("{:indent$}  {name:names$}  {type:types$}  {described}", "");
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

/// The name, and a subscription's feed.
fn title(procedure: &Procedure) -> String {
    match &procedure.subscription {
        Some(subscription) => format!("{} ({})", procedure.name, subscription.feed),
        None => procedure.name.clone(),
    }
}

/// Wraps at [`WIDTH`] and indents all lines but the first.
fn wrapped(description: &str, indent: usize) -> String {
    let mut text = String::new();
    let mut column = indent;
    for word in description.split_whitespace() {
        if column > indent && column + 1 + word.len() > WIDTH {
            let _ = write!(text, "\n{:indent$}", "");
            column = indent;
        } else if column > indent {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += word.len();
    }
    text
}

fn as_json(document: &Document) -> Value {
    let procedures = document.methods.iter().map(|procedure| {
        let input = procedure.members().map(|member| {
            json!({
                "name": member.name,
                "required": member.required,
                "type": words::type_of(&member.schema),
                "description": one_line(&member.description),
            })
        });
        let mut entry = json!({
            "name": procedure.name,
            "kind": procedure.kind.to_string(),
            "description": one_line(&procedure.description),
            "input": input.collect::<Vec<_>>(),
        });
        if let Some(subscription) = &procedure.subscription {
            entry["feed"] = json!(subscription.feed.to_string());
            entry["resumable"] = json!(subscription.resumable());
        }
        entry
    });
    json!({
        "title": document.info.title,
        "version": document.info.version,
        "procedures": procedures.collect::<Vec<_>>(),
    })
}

fn one_line(description: &str) -> String {
    description.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Document, as_json, as_text, wrapped};

    fn document() -> Document {
        serde_json::from_value(json!({
            "info": {"title": "Shop", "version": "1.0.0"},
            "methods": [
                {
                    "name": "getPrice",
                    "description": "Answers one price,\nor `notFound`.",
                    "params": [
                        {"name": "symbol", "required": true, "description": "Such as `ACME`.", "schema": {"type": "string"}},
                        {"name": "at", "schema": {"type": ["string", "null"], "format": "date-time"}},
                    ],
                    "x-kind": "query",
                },
                {
                    "name": "onPrice",
                    "params": [{"name": "lastEventId", "schema": {"$ref": "#/components/schemas/EventId"}}],
                    "x-kind": "subscription",
                    "x-subscription": {"feed": "log"},
                },
            ],
        }))
        .unwrap()
    }

    #[test]
    fn the_table_shows_each_procedure_with_its_input() {
        let expected = "\
Shop 1.0.0

Queries
  getPrice  Answers one price, or `notFound`.
              symbol  string            Such as `ACME`.
              at?     date-time | null

Subscriptions
  onPrice (log)
";
        assert_eq!(as_text(&document()), expected);
    }

    #[test]
    fn long_descriptions_are_wrapped() {
        let text = wrapped(&"word ".repeat(30), 40);
        assert!(text.lines().count() == 3 && text.lines().all(|line| line.len() <= 100), "{text}");
        assert!(
            text.lines().skip(1).all(|line| line.starts_with(&format!("{:40}word", ""))),
            "{text}"
        );
    }

    #[test]
    fn the_json_has_the_same() {
        let list = as_json(&document());
        assert_eq!(list["procedures"][0]["input"][0]["type"], "string");
        assert_eq!(
            list["procedures"][1],
            json!({
                "name": "onPrice", "kind": "subscription", "description": "", "input": [], "feed": "log", "resumable": true,
            })
        );
    }
}
