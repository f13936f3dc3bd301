//! The table of scripts. Each is one rule of the engine, with the protocol that it must give on the
//! simulator and on a real engine alike.

mod data;
mod jobs;
mod placement;
mod refusals;
mod rollbacks;
mod rollouts;
mod tasks;

pub use data::*;
pub use jobs::*;
pub use placement::*;
pub use refusals::*;
pub use rollbacks::*;
pub use rollouts::*;
pub use tasks::*;

/// Calls a macro with the names of all scripts.
#[macro_export]
macro_rules! for_each_script {
    ($make:ident) => {
        $make! {
            a_new_service_has_neither_status_nor_previous_spec,
            a_rollout_that_goes_well_is_completed,
            a_crash_pauses_a_rollout,
            a_task_that_never_becomes_healthy_pauses_a_rollout,
            a_missing_image_pauses_a_rollout,
            failures_within_the_ratio_are_tolerated,
            a_rollout_that_is_told_to_continue_completes_in_spite_of_crashes,
            a_newer_spec_supersedes_a_rollout,
            a_delay_without_end_lets_a_rollout_stand_until_a_write_lets_it_go_on,
            start_first_keeps_the_old_tasks_when_the_new_ones_crash,
            all_at_once_replaces_every_task,
            a_label_written_on_a_paused_service_resumes_the_rollout,
            a_write_that_changes_nothing_overwrites_what_was_before,
            a_crash_rolls_back_and_leaves_no_previous_spec,
            a_replicas_write_during_a_bad_rollout_rolls_back_to_the_bad_image,
            a_manual_rollback_swaps_the_specs,
            a_manual_rollback_needs_a_previous_spec,
            a_manual_rollback_that_fails_is_paused_on_its_target,
            a_failed_rollback_under_rollback_goes_on,
            a_plain_update_back_that_fails_goes_back_to_the_bad_spec,
            labels_and_update_settings_restart_nothing,
            order_of_the_environment_restarts,
            empty_messages_restart,
            a_forced_update_restarts,
            a_published_port_restarts_though_the_template_is_equal,
            a_fitting_constraint_restarts_nothing,
            scaling_keeps_the_other_tasks,
            a_crash_loop_goes_on_for_ever,
            restart_condition_none_leaves_it_dead,
            attempts_are_limited,
            a_removed_service_takes_its_tasks_along,
            a_global_service_has_a_task_on_each_node,
            a_constraint_that_no_node_meets_leaves_tasks_pending,
            at_most_so_many_replicas_on_a_node,
            a_drained_node_is_left_and_not_taken_back,
            a_lost_node_is_left_and_not_taken_back,
            a_node_that_loses_its_label_loses_its_task,
            a_global_service_leaves_a_drained_node_and_comes_back,
            a_job_runs_again_on_every_update,
            a_failing_job_is_tried_again,
            a_global_job_runs_on_each_node,
            a_taken_name_is_a_conflict,
            an_old_version_is_a_conflict,
            a_removed_object_is_no_error_and_an_update_of_it_is_a_conflict,
            names_have_rules,
            modes_and_names_can_not_be_changed,
            jobs_have_no_update_settings,
            specs_that_are_wrong_by_themselves_are_refused,
            ports_that_are_taken_are_refused,
            references_to_nothing_are_conflicts,
            what_is_used_can_not_be_removed,
            a_secret_is_labelled_together_with_its_own_content_only,
            what_only_the_previous_spec_uses_can_be_removed,
            the_engine_fills_in_a_short_spec,
            the_engine_fills_in_a_network,
            the_engine_keeps_what_is_declared,
            the_engine_drops_what_it_does_not_know,
            the_engine_fills_in_what_is_empty,
            the_networks_of_every_node_are_seen_by_those_who_use_them,
        }
    };
}
