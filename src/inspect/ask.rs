//! One question to a stack: may any request for the action get through?

use super::answer::{Answer, Word};
use super::pins::Pins;
use super::request::{Context, Witness, is_exit, whole};
use super::stack::{Stack, Whose, levels};
use super::statement::{Match, matches, when};
use crate::exits::{ExitPath, ResourceShape};
use crate::prove::{
    Budget, DECISION_STEPS, Decision, Example, Kind, Proof, Question, Reach, StatementAt, Target,
    decide_within, prove, reach, sentences,
};
use crate::scp::{Document, Effect, Pattern, PatternList, Statement};

/// Statements that are decided one by one, to say of each when it applies.
const MOST_SEARCHED: usize = 32;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// IAM action.
    pub action: String,
    /// What of the request is fixed.
    pub pins: Pins,
    /// Only invitations of other organizations are meant, as for a way out.
    pub foreign: bool,
}

/// How a question treats resources of which nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resources {
    /// Denies reach everything, allows only what `*` names: what passes here passes always.
    Strict,
    /// The opposite: what is stopped here is stopped always.
    Lenient,
}

/// What all decisions about one question may take: less than two seconds.
const QUESTION_STEPS: u64 = 8 * DECISION_STEPS;

/// Decides over every request that the pins leave.
pub fn ask(stack: &Stack, whose: &Whose, asked: &Asked) -> Answer {
    ask_within(stack, whose, asked, &Budget::of(QUESTION_STEPS))
}

/// The same with a budget that others share; what it does not reach is undecided.
pub(super) fn ask_within(stack: &Stack, whose: &Whose, asked: &Asked, budget: &Budget) -> Answer {
    let question = Ask::new(stack, whose, asked, budget);
    if asked.pins.is_service_linked() {
        return question.open("service-linked roles are outside service control policies");
    }
    let missing: Vec<String> = question.missing();
    let answer = question.answer(missing.is_empty());
    if answer.word == Word::Blocked || missing.is_empty() {
        return answer;
    }
    Answer::undetermined(missing)
}

pub(super) struct Ask<'a> {
    pub(super) stack: &'a Stack,
    whose: &'a Whose,
    asked: &'a Asked,
    budget: &'a Budget,
    kinds: Vec<Kind>,
    target: Target<'a>,
    pub(super) documents: Vec<Vec<Document>>,
    /// For each level and document: the number that each statement had.
    pub(super) numbers: Vec<Vec<Vec<usize>>>,
}

impl<'a> Ask<'a> {
    fn new(stack: &'a Stack, whose: &'a Whose, asked: &'a Asked, budget: &'a Budget) -> Self {
        let (mut documents, numbers) = asked.pins.residue(stack, &asked.action, whose);
        for (tier, level) in stack.tiers.iter().zip(&mut documents) {
            if !tier.missing.allows.is_empty() {
                level.push(Document::full_aws_access());
            }
        }
        let target = match asked.pins.resource {
            // Resources were decided with the pins.
            Some(_) => Target::None,
            None => target(asked, whose),
        };
        Self {
            stack,
            whose,
            asked,
            budget,
            kinds: asked.pins.kinds(),
            target,
            documents,
            numbers,
        }
    }

    fn missing(&self) -> Vec<String> {
        let tiers = self.stack.tiers.iter();
        let mut missing: Vec<String> = tiers
            .flat_map(|tier| tier.missing.denies.iter().chain(&tier.missing.allows))
            .map(|reason| format!("could not be read: {reason}"))
            .collect();
        missing.sort();
        missing.dedup();
        missing
    }

    pub(super) fn question(&self) -> Question<'_> {
        Question {
            action: &self.asked.action,
            target: self.target.clone(),
        }
    }

    pub(super) fn decide(&self, documents: &[Vec<Document>]) -> Decision {
        let levels = levels(documents);
        let subject = self.whose.subject();
        let asked = [self.question()];
        self.budget
            .decision(|effort| decide_within(&levels, &asked, &subject, &self.kinds, effort))
    }

    fn answer(&self, complete: bool) -> Answer {
        // What action and resource alone decide needs no search, however large the stack is.
        let proof = prove(&levels(&self.documents), &self.question());
        if let Proof::Denied(at) = proof {
            return self.denied_by(at);
        }
        let answer = self.searched(complete);
        match proof {
            Proof::NotAllowed { level }
                if answer.word == Word::Undetermined && !self.hangs_on_resources() =>
            {
                self.not_allowed_at(level)
            }
            _ => answer,
        }
    }

    fn searched(&self, complete: bool) -> Answer {
        if !self.hangs_on_resources() {
            return self.of(self.decide(&self.documents), complete);
        }
        let lenient = self.with(Resources::Lenient);
        let most = lenient.decide(&lenient.documents);
        if matches!(most, Decision::Blocked(_)) {
            return lenient.of(most, complete);
        }
        let strict = self.with(Resources::Strict);
        match (strict.decide(&strict.documents), most) {
            (open @ Decision::Open(_), _) => self.of(open, complete),
            (Decision::Conditional { through, .. }, Decision::Conditional { denied, .. }) => {
                self.conditional(&through, &denied)
            }
            _ => Answer::undetermined(vec![format!(
                "statements name resources, and which resources {} acts on is not known here; name one",
                self.asked.action
            )]),
        }
    }

    /// Does a statement that names the action say something else of one resource than of
    /// another, where nothing is known of the action's resources?
    fn hangs_on_resources(&self) -> bool {
        let unknown = self.asked.pins.resource.is_none() && !is_exit(&self.asked.action);
        let named = |document: &Document| {
            document.statements.iter().any(|statement| {
                let touches = reach(statement, &self.question()) != Reach::Never;
                touches && !statement.resources.patterns.iter().any(Pattern::is_star)
            })
        };
        unknown && self.documents.iter().flatten().any(named)
    }

    /// The same question where every resource pattern either covers all or nothing.
    fn with(&self, how: Resources) -> Self {
        let list = |pattern: &str| PatternList {
            negated: false,
            patterns: vec![Pattern::new(pattern)],
        };
        let mut documents = self.documents.clone();
        for statement in documents
            .iter_mut()
            .flatten()
            .flat_map(|document| &mut document.statements)
        {
            if statement.resources.patterns.iter().any(Pattern::is_star) {
                continue;
            }
            statement.resources = list("*");
            let widened = match statement.effect {
                Effect::Deny => how == Resources::Strict,
                Effect::Allow => how == Resources::Lenient,
            };
            if !widened {
                // No action has this name, so that the statement stays in its place and is idle.
                statement.actions = list("none:None");
            }
        }
        Self {
            kinds: self.kinds.clone(),
            target: self.target.clone(),
            documents,
            numbers: self.numbers.clone(),
            ..*self
        }
    }

    fn of(&self, decision: Decision, complete: bool) -> Answer {
        match decision {
            Decision::Blocked(by) => self.blocked(&by),
            Decision::Open(example) => match self.confirmed(&example, true) {
                Some(witness) => Answer {
                    word: Word::Open,
                    witness: Some(witness),
                    exemptions: Vec::new(),
                    because: self.why_open(),
                    sufficient: Vec::new(),
                },
                None if complete => disagree(),
                None => Answer::undetermined(Vec::new()),
            },
            Decision::Conditional { through, denied } => self.conditional(&through, &denied),
            Decision::Undetermined(why) => {
                let mut because: Vec<String> = why.iter().map(ToString::to_string).collect();
                because.sort();
                because.dedup();
                Answer::undetermined(because)
            }
        }
    }

    fn open(&self, because: &str) -> Answer {
        let principal = self.asked.pins.principal.clone().unwrap_or_default();
        let pinned = self.asked.pins.keys(self.whose);
        Answer {
            word: Word::Open,
            witness: Some(whole(
                self.stack,
                self.whose,
                &principal,
                (&self.asked.action, self.resource("*")),
                &pinned,
            )),
            exemptions: Vec::new(),
            because: vec![because.to_owned()],
            sufficient: Vec::new(),
        }
    }

    fn conditional(&self, through: &[Example], denied: &Example) -> Answer {
        let confirmed = |one: &Example| Some((one.clone(), self.confirmed(one, true)?));
        let passing: Vec<(Example, Witness)> = through.iter().filter_map(confirmed).collect();
        let Some((_, witness)) = passing.first() else {
            return disagree();
        };
        if self.confirmed(denied, false).is_none() {
            return disagree();
        }
        let exemptions = sentences(passing.iter().map(|(one, _)| one));
        Answer {
            word: Word::Conditional,
            witness: Some(witness.clone()),
            exemptions,
            because: self.hinges(),
            sufficient: Vec::new(),
        }
    }

    /// What is left of the stack's statements, each with its place in the stack.
    ///
    /// Of a very large stack only the first are decided exactly; of the others it is told under
    /// which conditions they apply.
    fn left(&self) -> Vec<(StatementAt, &Statement, Match)> {
        let mut left = Vec::new();
        let mut searched = 0;
        let question = self.question();
        for (level, documents) in self.documents.iter().enumerate() {
            for (policy, document) in documents.iter().enumerate() {
                for (index, statement) in document.statements.iter().enumerate() {
                    let at = self.original(StatementAt {
                        level,
                        policy,
                        statement: index,
                    });
                    let hangs = matches!(reach(statement, &question), Reach::Sometimes(_));
                    searched += usize::from(hangs);
                    let found = if hangs && searched > MOST_SEARCHED {
                        Match::When(when(statement))
                    } else {
                        let (version, kinds) = (document.version, self.kinds.as_slice());
                        matches(
                            statement,
                            version,
                            &question,
                            self.whose,
                            kinds,
                            self.budget,
                        )
                    };
                    left.push((at, statement, found));
                }
            }
        }
        left
    }

    /// Denies and allows that apply to some requests only, and on what it hangs.
    fn hinges(&self) -> Vec<String> {
        self.left()
            .into_iter()
            .filter_map(|(at, statement, found)| {
                let (label, effect) = (self.stack.label(at), effect(statement.effect));
                let told = match found {
                    Match::When(when) => format!("{label} {effect} when {}", when.join(" and ")),
                    Match::Unclear(why) => format!("{label} {effect} or not: {}", why.join("; ")),
                    Match::Always | Match::Never(_) => return None,
                };
                Some(told)
            })
            .collect()
    }

    fn why_open(&self) -> Vec<String> {
        let mut because =
            vec!["every level allows every request for it, and nothing denies any".to_owned()];
        for (at, statement, found) in self.left() {
            let named = reach(statement, &self.question()) != Reach::Never;
            if let (Effect::Deny, true, Match::Never(why)) = (statement.effect, named, found) {
                because.push(format!("{} never applies: {why}", self.stack.label(at)));
            }
        }
        because
    }

    fn resource<'r>(&'r self, found: &'r str) -> &'r str {
        self.asked.pins.resource.as_deref().unwrap_or(found)
    }

    /// The example as a whole request, if `evaluate` says the same of it.
    fn confirmed(&self, example: &Example, passes: bool) -> Option<Witness> {
        let mut special: Context = example.context.clone();
        special.extend(self.asked.pins.keys(self.whose));
        let pinned = self.asked.pins.principal.as_deref();
        let principal = pinned.unwrap_or(&example.principal);
        special.insert(
            "aws:principalarn".to_owned(),
            Some(vec![principal.to_owned()]),
        );
        let resource = self.resource(&example.resource);
        let action = (self.asked.action.as_str(), resource);
        let witness = whole(self.stack, self.whose, principal, action, &special);
        (witness.passes(self.stack) == passes).then_some(witness)
    }
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allows",
        Effect::Deny => "denies",
    }
}

fn disagree() -> Answer {
    Answer::undetermined(vec![
        "the request that the search found was not confirmed by the evaluation of single requests"
            .to_owned(),
    ])
}

/// What the requests for an action act on, as far as it is known.
fn target<'w>(asked: &Asked, whose: &'w Whose) -> Target<'w> {
    let specs = ExitPath::of_members().flat_map(|path| path.actions);
    let mut shapes = specs.filter(|known| known.name.eq_ignore_ascii_case(&asked.action));
    let partition = whose.partition;
    match shapes.next().map(|known| known.resource) {
        Some(ResourceShape::Handshake) => Target::ForeignInvitation {
            partition,
            own: whose.organization.as_ref().filter(|_| asked.foreign),
        },
        Some(ResourceShape::Account) => Target::Account {
            partition,
            id: Some(&whose.account),
        },
        Some(ResourceShape::None) | None => Target::None,
    }
}
