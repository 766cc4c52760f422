//! What every backend of the store has to do. A backend passes when every check of the list below passes on it.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the check")]

mod backend;
mod concurrency;
mod crashes;
mod keys;
mod listening;
mod log;
mod oracle;
mod records;
mod runs;
mod samples;

/// Runs every check on a backend. A new check is added here, a new backend is one more line at the end.
macro_rules! conformance {
    ($backend:ident) => {
        conformance!(@checks $backend:
            log::events_are_deduplicated_by_tenant_source_and_id,
            log::other_content_under_a_known_id_is_a_conflict,
            log::events_come_back_whole_and_in_order,
            log::polled_events_and_their_cursor_move_together,
            log::rejected_events_are_kept_and_paged,
            log::a_replayed_rejection_points_to_its_event,
            runs::a_run_comes_back_as_it_was_created,
            runs::steps_follow_each_other,
            runs::a_step_from_an_outdated_view_is_refused,
            runs::an_ended_run_takes_no_more,
            runs::an_unknown_run_takes_nothing,
            runs::the_end_clears_what_belonged_to_the_life,
            runs::a_snapshot_shortens_loading_and_keeps_the_journal,
            runs::what_it_waits_for_is_kept_and_cleared,
            runs::filters_and_pages_find_runs,
            runs::a_key_finds_the_runs_of_its_parts,
            runs::runs_are_counted_by_flow_and_status,
            runs::open_runs_are_those_to_take_up,
            runs::timers_are_set_moved_cleared_and_due_in_order,
            runs::definitions_are_kept_once,
            keys::runs_of_a_key_are_serial_in_order_of_creation,
            keys::keys_of_other_tenants_are_other_keys,
            keys::cancelling_a_blocked_run_promotes_nobody,
            keys::an_event_starts_a_flow_once,
            keys::dispatch_is_all_or_nothing,
            keys::a_dispatch_from_an_outdated_cursor_is_refused,
            listening::a_correlated_wait_hears_what_comes_after,
            listening::a_correlated_wait_hears_what_came_before,
            listening::a_taken_event_is_not_heard_again,
            listening::a_refused_event_may_be_heard_by_a_later_wait,
            listening::an_event_is_put_before_a_wait_once,
            listening::events_older_than_the_run_are_not_heard,
            listening::tenants_types_shapes_and_keys_are_kept_apart,
            listening::uncorrelated_waits_are_found_by_type,
            listening::a_wait_that_is_gone_gets_nothing,
            records::a_changed_record_gets_a_version_an_unchanged_one_does_not,
            records::records_are_paged_by_id_and_counted,
            records::links_are_confirmed_anew_and_filtered,
            records::an_emitted_event_enters_the_log_with_the_step,
            records::a_refused_step_leaves_no_effects,
            concurrency::writers_share_commits_and_lose_nothing,
            concurrency::a_failing_write_leaves_its_batch_untouched,
            concurrency::one_of_many_rivals_moves_a_run,
            concurrency::readers_see_only_whole_steps,
            concurrency::a_read_that_nobody_polls_holds_nobody_up,
            concurrency::a_read_that_is_given_up_holds_nobody_up,
            concurrency::a_closed_store_refuses_and_has_kept_everything,
            crashes::before_the_commit_nothing_is_stored,
            crashes::after_the_commit_everything_is_stored_though_nobody_was_told,
            crashes::acknowledged_writes_survive_a_crash_anywhere,
            crashes::reopening_keeps_everything,
            oracle::agrees_with_a_simple_model,
        );
    };
    (@checks $backend:ident: $($module:ident::$check:ident,)*) => {
        mod $backend {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $check() {
                    let place = crate::backend::$backend();
                    crate::$module::$check(&place).await;
                }
            )*
        }
    };
}

conformance!(sqlite);
