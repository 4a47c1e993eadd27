(** Prints what the theorems rest on; [build.sh] compares it with assumptions.txt. *)
From Exactzones Require Numbers Linear Network Unrelu Merging Backward Regions Certificate Witness Rational Real Showcase.
Print Assumptions Linear.farkas_sound.
Print Assumptions Network.after_all.
Print Assumptions Network.in_own_cell.
Print Assumptions Network.affine_before.
Print Assumptions Network.fires_iff.
Print Assumptions Network.cells_disjoint.
Print Assumptions Unrelu.patterns_length.
Print Assumptions Unrelu.pullback_union.
Print Assumptions Unrelu.pullback_union_nonempty.
Print Assumptions Merging.wall_join.
Print Assumptions Merging.join_exact.
Print Assumptions Backward.carry_back_ok.
Print Assumptions Certificate.accepted_complete.
Print Assumptions Certificate.accepted_cannot_fire.
Print Assumptions Witness.fires_at_ok.
Print Assumptions Witness.witness_ok.
Print Assumptions Rational.complete_rational.
Print Assumptions Rational.cannot_fire_rational.
Print Assumptions Real.complete_real.
Print Assumptions Real.cannot_fire_real.
Print Assumptions Showcase.small_feature_is_zero.
