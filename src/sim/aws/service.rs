//! Which services there are, what protocol each speaks, and the way of a request through one of them.

use super::auth::{self, Caller};
use super::faults::Faults;
use super::json;
use super::state::State;
use super::wire::{self, Answer, Form, Refusal, Reply, Request};
use super::world::{Cell, World};
use super::{
    Aws, Call, Ctx, Elsewhere, Inner, Outcome, Payload, RestReply, Wrong, account, cloudtrail, cloudwatch, events,
    faults, filter_metrics, iam, identity_center, kms, logs, organization, policy, random, s3, sns, strange, sts,
    trail_checks,
};
use crate::sim::tap;
use serde_json::Value;
use std::sync::Arc;
use std::time::SystemTime;

pub(super) struct Service {
    pub(super) prefix: &'static str,
    signing: &'static str,
    pub(super) protocol: Protocol,
    run: Run,
    /// The resource a policy must allow the action on.
    resource: fn(&str, &State, &Caller, &Form) -> String,
}

/// How requests and replies are written.
#[derive(Clone, Copy)]
pub(super) enum Protocol {
    Query {
        version: &'static str,
        namespace: &'static str,
    },
    /// AWS JSON: the action in `X-Amz-Target`; `namespace` goes before an error's name.
    Json {
        version: &'static str,
        target: &'static str,
        namespace: &'static str,
    },
    /// The action in the path, JSON in and out.
    Rest,
    /// The action in the method and the query, the bucket in the host or the path, XML in and out.
    S3,
}

/// Carries out an action; `None` where the service has no such action.
pub(super) enum Run {
    Query(fn(&str, &mut Ctx<'_>) -> Option<Outcome>),
    Json(fn(&str, &mut Ctx<'_>) -> Option<json::Outcome>),
    S3(fn(&str, &mut Ctx<'_>) -> Option<s3::Outcome>),
}

/// The first is taken for requests that name none.
static SERVICES: [Service; 12] = [
    Service {
        prefix: "iam",
        signing: "iam",
        protocol: Protocol::Query { version: "2010-05-08", namespace: "https://iam.amazonaws.com/doc/2010-05-08/" },
        run: Run::Query(iam::run),
        resource: iam::resource,
    },
    Service {
        prefix: "sts",
        signing: "sts",
        protocol: Protocol::Query { version: "2011-06-15", namespace: "https://sts.amazonaws.com/doc/2011-06-15/" },
        run: Run::Query(sts::run),
        resource: sts::resource,
    },
    Service {
        prefix: "sns",
        signing: "sns",
        protocol: Protocol::Query { version: "2010-03-31", namespace: "http://sns.amazonaws.com/doc/2010-03-31/" },
        run: Run::Query(sns::run),
        resource: sns::resource,
    },
    json_service(
        "cloudtrail",
        "cloudtrail",
        "1.1",
        TARGETS.0,
        "com.amazonaws.cloudtrail.v20131101#",
        cloudtrail::run,
    ),
    json_service("logs", "logs", "1.1", "Logs_20140328", "", logs::run),
    json_service(
        "cloudwatch",
        "monitoring",
        "1.0",
        TARGETS.1,
        "com.amazonaws.cloudwatch.v2010_08_01#",
        cloudwatch::run,
    ),
    json_service("organizations", "organizations", "1.1", "AWSOrganizationsV20161128", "", organization::run),
    Service {
        prefix: "account",
        signing: "account",
        protocol: Protocol::Rest,
        run: Run::Json(account::run),
        resource: anything,
    },
    json_service("events", "events", "1.1", "AWSEvents", "", events::run),
    json_service("kms", "kms", "1.1", "TrentService", "", kms::run),
    Service { prefix: "s3", signing: "s3", protocol: Protocol::S3, run: Run::S3(s3::run), resource: anything },
    json_service("sso", "sso", "1.1", "SWBExternalService", "", identity_center::run),
];

/// The two long ones: what JSON requests name.
const TARGETS: (&str, &str) = ("CloudTrail_20131101", "GraniteServiceVersion20100801");

const fn json_service(
    prefix: &'static str,
    signing: &'static str,
    version: &'static str,
    target: &'static str,
    namespace: &'static str,
    run: fn(&str, &mut Ctx<'_>) -> Option<json::Outcome>,
) -> Service {
    let protocol = Protocol::Json { version, target, namespace };
    Service { prefix, signing, protocol, run: Run::Json(run), resource: anything }
}

fn anything(_: &str, _: &State, _: &Caller, _: &Form) -> String {
    "*".to_owned()
}

impl Service {
    /// The service a request is signed for; without a signature, the one that its version, target or path belongs to.
    fn of(request: &Request, scope: Option<&auth::Scope>, form: &Form) -> &'static Self {
        let signed = scope.and_then(|scope| SERVICES.iter().find(|service| service.signing == scope.service));
        let named = || SERVICES.iter().find(|service| service.is_named(request, form));
        let [first, ..] = &SERVICES;
        signed.or_else(named).unwrap_or(first)
    }

    fn is_named(&self, request: &Request, form: &Form) -> bool {
        match self.protocol {
            Protocol::Query { version, .. } => form.get("Version") == Some(version),
            Protocol::Json { target, .. } => {
                request.header("x-amz-target").is_some_and(|header| header.contains(target))
            }
            Protocol::Rest => request.path.len() > 1,
            Protocol::S3 => false,
        }
    }

    fn action(&self, request: &Request, form: &Form) -> String {
        let named = match self.protocol {
            Protocol::Query { .. } => form.get("Action").map(str::to_owned),
            // The RPC protocol over CBOR has the action in the path: /service/NAME/operation/ACTION.
            Protocol::Json { .. } if json::is_cbor(request) => {
                request.path.rsplit_once("/operation/").map(|(_, action)| action.to_owned())
            }
            Protocol::Json { .. } => {
                let target = request.header("x-amz-target").and_then(|target| target.rsplit_once('.'));
                target.map(|(_, action)| action.to_owned())
            }
            // Every path of the one such service is its action with a small first letter.
            Protocol::Rest => request.path.strip_prefix('/').map(|path| {
                let mut letters = path.chars();
                letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
            }),
            Protocol::S3 => s3::action(request).map(str::to_owned),
        };
        named.unwrap_or_default()
    }

    fn body(&self, request: &Request) -> Value {
        match self.protocol {
            Protocol::Query { .. } => Value::Null,
            Protocol::S3 => s3::parameters(request),
            _ => json::read(request).unwrap_or(Value::Null),
        }
    }

    fn unknown(&self, action: &str, form: &Form) -> Refusal {
        if matches!(self.protocol, Protocol::S3) {
            return Refusal::new(501, "NotImplemented", "The simulator does not know this call of S3.");
        }
        let Protocol::Query { version, .. } = self.protocol else {
            return Refusal::new(400, "UnknownOperationException", "");
        };
        let version = form.get("Version").unwrap_or(version);
        Refusal::new(400, "InvalidAction", format!("Could not find operation {action} for version {version}"))
    }

    fn reply(&self, request: &Request, action: &str, outcome: Result<Payload, Refusal>, now: SystemTime) -> Reply {
        let request_id = random::request_id();
        match self.protocol {
            Protocol::Query { namespace, .. } => {
                let (status, body) = match outcome {
                    Ok(Payload::Xml(xml)) => (200, xml.document(action, namespace, &request_id)),
                    Ok(_) => (200, String::new()),
                    Err(refusal) => (refusal.status, refusal.document(namespace, &request_id)),
                };
                let headers = vec![
                    ("x-amzn-RequestId", request_id),
                    ("Content-Type", "text/xml".to_owned()),
                    ("Date", wire::http_date(now)),
                ];
                Reply { status, headers, body: body.into_bytes() }
            }
            Protocol::S3 => s3::reply(request, outcome, request_id, now),
            _ => json::reply(self, request, outcome, request_id, now),
        }
    }
}

/// A request, taken apart.
struct Asked<'r> {
    service: &'static Service,
    request: &'r Request,
    scope: Option<auth::Scope>,
    action: String,
    form: Form,
    body: Value,
    now: SystemTime,
}

/// The parameters that hold one-time codes.
const CODES: [&str; 3] = ["TokenCode", "AuthenticationCode1", "AuthenticationCode2"];

/// The whole way of a request: `aws` is the account asked when the key belongs to none.
pub(super) fn handle(aws: &Aws, request: &Request) -> Answer {
    let scope = auth::scope(request);
    let form = Form::parse(&request.body);
    let service = Service::of(request, scope.as_ref(), &form);
    let (action, body) = (service.action(request, &form), service.body(request));
    let asked = Asked { service, request, scope, action, form, body, now: aws.world.clock.now() };
    let tap = aws.world.tap();
    let wire = || tap::Wire::Aws { action: asked.action.clone() };
    tap.pass(wire, false);
    let answer = asked.carry_out(&aws.world, &aws.cell);
    tap.pass(wire, true);
    answer
}

impl Asked<'_> {
    fn carry_out(&self, world: &World, home: &Arc<Cell>) -> Answer {
        let account = self.scope.as_ref().and_then(|scope| random::account_of(&scope.access_key));
        let own = account.and_then(|number| world.cell(&number));
        let cell = own.as_ref().unwrap_or(home);
        let target = self.target().filter(|number| *number != cell.number);
        let mut call = self.call(own.as_ref(), target.clone());
        // A fault may wait in the account that calls, or in the one that is reached into.
        let due = |faults: &mut Faults| faults.due(&self.action);
        let theirs = target.and_then(|number| world.cell(&number)).and_then(|cell| due(&mut cell.lock(world).faults));
        let (wrong, outcome) = {
            let mut inner = cell.lock(world);
            let wrong = due(&mut inner.faults).or(theirs);
            let outcome = match wrong {
                Some(Wrong::NeverArrive) => None,
                Some(ref wrong) if wrong.only_answers() => Some(Ok(Step::Done(self.nothing()))),
                _ => Some(self.answer(&mut inner, world, wrong.as_ref(), &mut call)),
            };
            (wrong, outcome)
        };
        let Some(outcome) = outcome else {
            world.log(call);
            return Answer::NeverArrived;
        };
        let outcome = outcome.and_then(|step| match step {
            Step::Done(payload) => Ok(payload),
            Step::Elsewhere(Elsewhere { account, run }) => match world.cell(&account) {
                Some(cell) => run(&mut cell.lock(world).state),
                None => Err(Refusal::denied("")),
            },
        });
        let outcome = outcome.map_err(|refusal| json::in_words_of(self.service, refusal));
        call.code = outcome.as_ref().err().map(|refusal| refusal.code.clone());
        let reply = self.service.reply(self.request, &self.action, outcome, self.now);
        let reply = self.disguise(reply, wrong.as_ref());
        call.status = reply.status;
        call.lost = wrong == Some(Wrong::LoseReply);
        let lost = call.lost;
        world.log(call);
        if lost { Answer::Lost } else { Answer::Reply(reply) }
    }

    /// The line of the log, as long as nothing has come of it.
    fn call(&self, own: Option<&Arc<Cell>>, target: Option<String>) -> Call {
        Call {
            service: self.service.prefix,
            region: self.scope.as_ref().map(|scope| scope.region.clone()).unwrap_or_default(),
            action: self.action.clone(),
            account: own.map(|cell| cell.number.clone()),
            target,
            caller: None,
            assumed_root: false,
            serial: self.form.get("SerialNumber").map(str::to_owned),
            codes: CODES.iter().filter_map(|name| self.form.get(name)).map(str::to_owned).collect(),
            status: 0,
            code: None,
            lost: true,
            at: self.now,
        }
    }

    /// The answer to what has no output.
    fn nothing(&self) -> Payload {
        match self.service.run {
            Run::Query(_) => Payload::Xml(wire::Xml::default()),
            Run::Json(_) => Payload::Json(Value::Object(serde_json::Map::new())),
            Run::S3(_) => Payload::Rest(RestReply::empty(200)),
        }
    }

    /// The reply, as what stands between makes it look.
    fn disguise(&self, mut reply: Reply, wrong: Option<&Wrong>) -> Reply {
        match wrong {
            Some(Wrong::Reply { what, .. }) => {
                let other = self.service.reply(self.request, "ListAccountAliases", Ok(self.nothing()), self.now);
                what.reply(reply, other)
            }
            Some(Wrong::Date(date)) => {
                reply.headers.retain(|(name, _)| *name != "Date");
                reply.headers.push(("Date", date.clone()));
                reply
            }
            Some(Wrong::SamePage) => strange::of_itself(reply),
            Some(Wrong::NoMarker) => strange::cut_short(reply),
            _ => reply,
        }
    }

    /// The account a request reaches into, by what it says.
    fn target(&self) -> Option<String> {
        let number = |text: &str| {
            let arn = text.split(':').nth(4).unwrap_or(text);
            (arn.len() == 12 && arn.bytes().all(|c| c.is_ascii_digit())).then(|| arn.to_owned())
        };
        match self.action.as_str() {
            "AssumeRoot" => number(self.form.get("TargetPrincipal")?),
            "AssumeRole" => number(self.form.get("RoleArn")?),
            _ if self.service.prefix == "account" => number(self.body.get("AccountId")?.as_str()?),
            _ => None,
        }
    }

    /// What a fault has AWS refuse.
    fn refusal(&self, wrong: &Wrong, inner: &Inner, caller: &Caller) -> Option<Refusal> {
        Some(match wrong {
            Wrong::Throttle => faults::throttling(),
            Wrong::Expire => {
                Refusal::new(403, "ExpiredToken", "The security token included in the request is expired")
            }
            Wrong::Code { status, code, message } => Refusal::new(*status, code, message.clone()),
            Wrong::Deny => {
                let resource = (self.service.resource)(&self.action, &inner.state, caller, &self.form);
                let action = format!("{}:{}", self.service.prefix, self.action);
                auth::denied(caller, &action, &resource, policy::Verdict::NotAllowed)
            }
            Wrong::RoleUnseen => trail_checks::role_unseen(),
            Wrong::PolicyUnseen => {
                trail_checks::policy_unseen(json::text(&self.body, "S3BucketName").unwrap_or_default())
            }
            _ => return None,
        })
    }

    /// What a fault does before the action: it is refused, or something has happened meanwhile.
    fn go_wrong(&self, wrong: &Wrong, inner: &mut Inner, caller: &Caller) -> Result<(), Refusal> {
        if let (Wrong::StrangersBucket, Some(name)) = (wrong, json::text(&self.body, "Bucket")) {
            inner.state.posture.foreign_buckets.push(name.to_owned());
        }
        self.refusal(wrong, inner, caller).map_or(Ok(()), Err)
    }

    /// Everything between the request and its answer, in AWS's order: who, how often, may they, and then the action.
    fn answer(
        &self,
        inner: &mut Inner,
        world: &World,
        wrong: Option<&Wrong>,
        call: &mut Call,
    ) -> Result<Step, Refusal> {
        let organization = world.organization_of(&inner.state.account);
        let caller = auth::caller(&inner.state, self.request, organization, self.now)?;
        call.caller = Some(caller.arn.clone());
        call.assumed_root = caller.task.is_some();
        self.scope.iter().for_each(|scope| inner.state.note_use(scope, self.now));
        inner.faults.admit()?;
        if ["cloudwatch", "logs"].contains(&self.service.prefix) {
            filter_metrics::tick(&mut inner.state, world, self.now);
        }
        wrong.map_or(Ok(()), |wrong| self.go_wrong(wrong, inner, &caller))?;
        let host = self.request.header("host").unwrap_or_default();
        // Whose pages come round gives the first one, whichever is asked for.
        let first = (wrong == Some(&Wrong::SamePage))
            .then(|| (self.form.of_first_page(), strange::from_the_start(&self.body)));
        let (form, body) = first.as_ref().map_or((&self.form, &self.body), |(form, body)| (form, body));
        let mut ctx = Ctx {
            state: &mut inner.state,
            world,
            caller: &caller,
            form,
            body,
            region: self.scope.as_ref().map_or("", |scope| scope.region.as_str()),
            host: host.rsplit_once(':').map_or(host, |(name, _)| name),
            now: self.now,
            elsewhere: None,
        };
        let outcome = match self.service.run {
            Run::Query(run) => run(&self.action, &mut ctx).map(|outcome| outcome.map(Payload::Xml)),
            Run::Json(run) => run(&self.action, &mut ctx).map(|outcome| outcome.map(Payload::Json)),
            Run::S3(run) => run(&self.action, &mut ctx).map(|outcome| outcome.map(Payload::Rest)),
        };
        let payload = outcome.unwrap_or_else(|| Err(self.service.unknown(&self.action, &self.form)))?;
        Ok(ctx.elsewhere.map_or(Step::Done(payload), Step::Elsewhere))
    }
}

/// How far an operation has come in the caller's account.
enum Step {
    Done(Payload),
    Elsewhere(Elsewhere),
}
