"""What an attacker, a careless neighbour or a bad night may try, and which test holds that nothing comes of it.

Each line is a threat, then the tests by name (in this folder, or where the part that it concerns is tested), or a dash
and why there is none. `test_table.py` holds that every one of them exists.

Secrets and places
  S-1   redirects: test_no_redirect_leads_anywhere, test_a_redirect_is_never_followed
  S-2   no https, hidden hosts: test_no_address_is_taken_that_is_neither_https_nor_of_this_machine_or_hides_its_host,
        test_a_url_that_may_send_credentials_elsewhere_is_refused,
        test_no_signed_address_leads_into_the_house_of_whoever_follows_it_or_is_shown,
        test_only_the_hosts_that_are_named_are_asked_where_some_are,
        test_the_connection_goes_to_the_address_that_was_looked_at_whatever_the_name_says_then,
        test_a_service_of_this_machine_is_not_asked_for_a_remote_elsewhere
  S-3   signed URLs of a storage host, which TAO gives out:
        test_the_store_gets_the_address_as_it_is_and_nothing_to_know_us_by,
        test_an_address_that_is_not_safe_or_none_at_all_is_not_followed_nor_shown,
        test_an_address_that_opens_nothing_leads_to_a_new_one
  S-4   secrets in logs, errors, files: test_a_talkative_run_tells_no_secret_and_no_cell_even_without_the_filter,
        test_no_exception_of_any_stage_brings_a_secret_to_light,
        test_the_filter_alone_blots_out_what_the_edge_would_have_let_through,
        test_the_search_for_leaks_finds_what_a_careless_edge_lets_through,
        test_a_storm_of_faults_brings_no_secret_to_light
  S-5   secrets at rest: test_a_process_that_aborts_leaves_no_core_with_its_secrets,
        test_a_file_that_group_or_others_can_reach_is_refused,
        test_neither_secrets_nor_cells_show_up_where_they_do_not_belong
  S-6   TLS: test_not_a_byte_is_said_to_a_server_whose_certificate_is, test_all_is_said_to_the_right_server,
        test_there_is_no_switch_that_turns_the_check_off
  S-7   OAuth: test_the_token_of_one_remote_is_never_sent_to_another,
        test_nothing_secret_stands_in_a_query_but_the_key_where_the_vendor_asks_for_it
  S-15  cookies: test_no_cookie_comes_back_and_none_is_carried_to_another_place
  S-16  proxies and .netrc: test_proxies_of_the_environment_are_ignored, test_netrc_is_ignored
  S-22  tracebacks: test_no_exception_of_any_stage_brings_a_secret_to_light
  S-24  two tenants: test_a_ledger_of_another_target_is_refused_and_not_mixed,
        test_the_token_of_one_remote_is_never_sent_to_another

What comes in
  S-8   bombs: test_a_compressed_answer_is_never_unpacked, test_an_answer_of_endless_little_chunks_ends_at_its_limit,
        test_a_flood_of_headers_leaves_it_unclear, test_an_endless_answer_is_not_read_to_its_end
  S-11  links, pipes, races in the inbox: test_a_link_anywhere_on_the_way_is_refused,
        test_a_file_that_is_swapped_for_a_link_without_a_rest_is_read_as_itself_or_not_at_all
  S-12  headers: test_a_remote_sees_the_headers_that_we_send_and_the_text_as_text,
        test_no_answer_reaches_a_header_of_the_next_request
  S-14  hostile ledger and configuration: test_a_ledger_with_overwritten_pages_is_refused,
        test_a_file_that_is_no_database_is_refused_and_left_as_it_is,
        test_any_bytes_are_read_or_told_in_single_lines
  S-17  endless work: test_reading_costs_no_more_than_its_share_of_the_size,
        test_what_costs_the_square_of_its_size_would_be_found
  S-21  hammering: test_what_is_denied_for_good_is_not_asked_for_again, test_a_second_401_is_denied,
        test_wrong_credentials_stop_the_run_before_anything_is_sent

What goes out
  S-9   formulas: test_no_cell_of_the_table_of_files_begins_a_formula_wherever_cells_are_parted,
        test_the_rejects_give_every_cell_back_as_it_was_and_add_no_formula
  S-10  paths: test_the_folder_of_a_name_is_one_safe_step_below_the_results,
        test_whatever_a_file_is_called_its_rejects_lie_below_their_folder,
        test_a_link_in_the_place_of_a_result_is_replaced_and_not_followed,
        test_a_link_in_the_place_of_a_list_of_rejects_is_replaced_and_not_followed,
        test_a_planted_link_is_not_written_through, test_no_name_leads_out_of_the_results
  S-13  terminals and logs: test_no_name_and_no_answer_drives_a_terminal_or_breaks_a_line_of_the_log,
        test_a_file_name_that_looks_like_markup_is_shown_as_it_is, test_no_cell_begins_a_formula_or_drives_a_terminal
  S-18  rights: test_nobody_but_the_owner_reads_what_a_run_writes_whatever_the_umask
  S-19  pages -- no report is one; what the remote sends as one is stored as it came and never shown
  S-20  supplies: test_every_package_is_pinned_by_its_hash, test_no_library_is_older_than_its_last_known_hole
  S-23  real data in the tests -- rosters are made up here, from numbers

Input that moves
  1     still being written: test_a_file_that_is_still_being_written_is_left_for_the_next_run
  2     overwritten: test_a_file_that_is_held_arrives_as_it_was_checked_or_not_at_all,
        test_a_file_that_is_streamed_arrives_as_it_was_checked_or_not_at_all,
        test_a_file_that_changed_after_a_lost_answer_is_not_repeated_with_other_bytes,
        test_a_file_that_changed_between_two_runs_is_sent_as_it_is_now
  3     truncated: test_a_file_that_is_streamed_arrives_as_it_was_checked_or_not_at_all,
        test_a_file_that_shrinks_while_it_is_sent_never_arrives_whole
  4     deleted: test_a_file_that_went_away_after_the_listing_is_moving,
        test_a_file_that_changed_between_two_runs_is_sent_as_it_is_now
  5     swapped: test_a_file_that_is_swapped_for_a_link_without_a_rest_is_read_as_itself_or_not_at_all
  6     no file at all: test_what_is_no_regular_file_is_refused_at_once,
        test_links_pipes_and_folders_that_carry_the_name_of_a_file_are_rejected_and_never_opened
  7     hostile names: test_a_name_that_could_fool_a_terminal_is_a_fault_and_shown_escaped
  8     no right to read: test_a_file_without_the_right_to_read_is_unreadable_and_says_what_to_do,
        test_a_folder_that_cannot_be_listed_is_a_problem_of_the_configuration
  10    twins: test_twins_whose_names_differ_in_case_are_one_name_and_the_second_is_rejected
  11    nothing in it: test_a_fault_of_the_file_rejects_it_under_either_policy
  82    one output name for two: test_different_names_have_different_slugs_also_where_case_does_not_count

Bytes of a file
  14    encodings: test_a_byte_that_no_text_holds_is_told_with_its_line,
        test_bytes_that_mean_nothing_end_the_file_where_they_stand
  15    quotes: test_a_file_that_lost_any_one_of_its_quotes_is_never_clean,
        test_a_dropped_or_added_quote_never_loses_rows_in_silence
  16    NUL, lone returns: test_a_nul_is_refused_wherever_it_stands_and_told_with_its_line,
        test_a_lone_carriage_return_belongs_to_its_cell
  17    long fields: test_a_field_of_140_kilobytes_is_refused_with_its_row_and_a_smaller_one_is_not
  18    ragged rows, wrong headers: test_a_wrong_count_of_cells_is_the_only_problem_of_its_row,
        test_a_header_is_right_to_the_letter_or_a_fault
  19    endless files: test_a_record_without_an_end_is_given_up_after_few_chunks,
        test_a_file_beyond_the_real_limit_is_streamed_in_pieces
  21    formulas in data: test_any_byte_at_any_place_changes_a_value_or_is_told, test_rows_keep_their_own_words

Around a run
  20    a file that kills the process: test_the_others_are_sent_before_it_kills_again_and_the_third_death_is_the_last
  94    a log that fails: test_a_log_that_cannot_be_written_fails_no_file,
        test_a_reader_that_goes_away_does_not_change_what_the_exit_code_says
  97    clocks that jump: test_jumps_of_the_wall_clock_change_nothing
  99    summer time: test_the_moment_of_the_start_keeps_its_zone
  100   times of the ledger that go back: what they order is shown only, and a late attempt is waited for either way:
        test_a_lost_attempt_is_waited_for_a_quarter_of_an_hour_and_no_longer
  98    dates by a wrong clock: test_a_clock_of_ours_that_is_wrong_makes_no_difference
  102   the wrong remote: test_a_ledger_of_another_target_is_refused_and_not_mixed,
        test_a_canary_that_fails_keeps_everything_else_from_being_sent
  103   nothing found: test_an_empty_folder_looks_like_a_delivery_that_failed
  104   results taken away: test_results_that_are_gone_are_made_again_and_the_output_is_never_taken_for_input
  105   verdicts: test_what_is_in_doubt_is_shown_first_and_every_verdict_is_acted_on
  106   secrets in arguments: test_no_option_of_any_command_takes_a_secret,
        test_a_secret_in_an_argument_is_refused_with_the_right_places
"""
