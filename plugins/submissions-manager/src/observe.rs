//! What others see of the submissions: metrics, conditions, `GET /submissions` and the panel.

use tig_plugin_api::prelude::*;

use crate::kind::Kind;
use crate::ledger::Done;
use crate::submission::{State, Submission};
use crate::{SubmissionsManager, conditions};

impl SubmissionsManager {
    /// The last thing that a handler does: nothing may fail after it.
    pub(crate) fn observe(&mut self, ctx: &mut Context<'_>) {
        for kind in Kind::ALL {
            let waiting = self.num_waiting(kind) as f64;
            ctx.gauge("submissions_waiting", &[("kind", kind.name())], waiting);
        }
        let present = conditions::present(self, &ctx.settings().api_url, ctx.now_ms());
        self.reported.report(ctx, present);
    }

    /// Submissions of a kind that are to be sent, or to be shown by a block.
    pub(crate) fn num_waiting(&self, kind: Kind) -> usize {
        let of_kind = self.submissions.iter().filter(|((its, _), _)| *its == kind);
        of_kind
            .filter(|(_, submission)| submission.state != State::Rejected)
            .count()
    }

    /// Notes the end of a submission for the operator.
    pub(crate) fn ended(
        &mut self,
        (kind, id): (Kind, &str),
        submission: &Submission,
        (outcome, text): (&str, &str),
        at_ms: u64,
    ) {
        self.ledger.ended(Done {
            kind,
            id: id.to_owned(),
            outcome: outcome.to_owned(),
            text: text.to_owned(),
            attempts: submission.attempts,
            created_ms: submission.created_ms,
            at_ms,
        });
    }

    pub(crate) fn show(&self, request: &HttpRequest, now_ms: u64) -> Result<HttpReply> {
        if request.path == "/submissions" {
            return HttpReply::json(200, &self.report_all(now_ms));
        }
        HttpReply::panel(request, |query| Ok(self.panel(query, now_ms)))
    }
}
