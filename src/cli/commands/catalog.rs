//! `rules` and `paths`: the catalogs and their documentation.

use super::super::args::{CatalogArgs, Cli};
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::streams;
use crate::exits::{Actor, EVENTS, ExitPath, GuardStatement, PATHS};
use crate::model::rule::RuleMeta;
use crate::report::{Page, Tone};

pub(in crate::cli) fn rules(_: &Cli, args: &CatalogArgs) -> Result<Exit, CliError> {
    let rules = crate::flows::rules();
    let mut page = Page::new(streams::width());
    match &args.id {
        None => {
            for rule in rules {
                let label = format!("{:<8} {}", rule.severity.as_str(), rule.id);
                page.labeled(0, &label, Tone::of(rule.severity), "");
                page.paragraph(9, rule.title);
            }
        }
        Some(id) => {
            let rule = rules.into_iter().find(|rule| rule.id == id);
            one_rule(
                &mut page,
                rule.ok_or_else(|| unknown("rule", id, "org-exit-guard rules"))?,
            );
        }
    }
    streams::print(&page.finish())?;
    Ok(Exit::Done)
}

fn one_rule(page: &mut Page, rule: &RuleMeta) {
    page.heading(&format!("{} ({})", rule.id, rule.severity));
    page.paragraph(0, rule.title);
    for section in rule.explain.lines() {
        page.gap();
        page.paragraph(0, section);
    }
    links(page, rule.attack, rule.references);
}

fn links(page: &mut Page, attack: &[&str], references: &[&str]) {
    page.gap();
    if !attack.is_empty() {
        page.paragraph(0, &format!("ATT&CK: {}", attack.join(", ")));
    }
    for reference in references {
        page.paragraph(0, reference);
    }
}

pub(in crate::cli) fn paths(_: &Cli, args: &CatalogArgs) -> Result<Exit, CliError> {
    let mut page = Page::new(streams::width());
    match &args.id {
        None => {
            for path in PATHS {
                page.labeled(0, path.id.as_str(), Tone::Strong, "");
                page.paragraph(2, &format!("{}; by {}", path.title, actor(path)));
            }
        }
        Some(id) => {
            let path = PATHS.into_iter().find(|path| path.id.as_str() == id);
            one_path(
                &mut page,
                path.ok_or_else(|| unknown("way out", id, "org-exit-guard paths"))?,
            );
        }
    }
    streams::print(&page.finish())?;
    Ok(Exit::Done)
}

fn one_path(page: &mut Page, path: &ExitPath) {
    page.heading(&format!("{}: {}", path.id, path.title));
    page.paragraph(0, path.summary);
    page.gap();
    page.paragraph(0, &format!("taken by {}", actor(path)));
    let actions: Vec<&str> = path.actions.iter().map(|action| action.name).collect();
    page.paragraph(0, &format!("needs {}", actions.join(" and ")));
    page.paragraph(
        0,
        match path.guard {
            Some(GuardStatement::Exit) => "closed by statement 1 of the guard",
            Some(GuardStatement::SelfClosure) => "closed by statement 2 of the guard",
            None => "outside SCPs: protect it by IAM policies in the management account",
        },
    );
    let events: Vec<&str> = EVENTS
        .iter()
        .filter(|event| {
            let service = event.source.trim_end_matches(".amazonaws.com");
            let action = format!("{service}:{}", event.name);
            path.actions.iter().any(|one| one.name == action)
        })
        .map(|event| event.name)
        .collect();
    if !events.is_empty() {
        page.paragraph(0, &format!("seen in CloudTrail as {}", events.join(", ")));
    }
    links(page, path.attack, path.references);
}

fn actor(path: &ExitPath) -> &'static str {
    match path.actor {
        Actor::Member => "any principal of the member account",
        Actor::MemberRoot => "the member account's root user",
        Actor::Management => "the management account",
    }
}

fn unknown(what: &str, id: &str, list: &'static str) -> CliError {
    CliError::Usage {
        message: format!("there is no {what} `{id}`"),
        hint: list,
    }
}
