(** Floating-point formats: every rounding of IEEE 754, with subnormal numbers kept or flushed to zero, is a [rounded] operation of [Trees];
    and a unit that is computed by any tree of such operations is within the errors that [Deployed] asks for. *)
From Coq Require Import List ZArith QArith Reals Lra Lia Permutation.
From Flocq Require Import Core.
From Exactzones Require Import Numbers Network Kinds Execution Trees Deployed Always Real.
Import ListNotations.
Local Open Scope R_scope.

(** ** Operations *)
Section Format.
Variables prec least : Z.                                        (* the smallest normal number is 2^least *)
Hypothesis prec_positive : (0 < prec)%Z.
Local Instance prec_gt_0 : Prec_gt_0 prec := prec_positive.
Let emin := (least - prec + 1)%Z.
Let format := generic_format radix2 (FLT_exp emin prec).
Let eps := bpow radix2 (1 - prec).
Let eta := bpow radix2 least.

Lemma eta_is : bpow radix2 (emin + prec - 1) = eta.
Proof. unfold eta, emin. f_equal. lia. Qed.

Lemma emin_le_eta : bpow radix2 emin <= eta.
Proof. apply bpow_le. unfold emin. lia. Qed.

(** To the nearest number, or to either neighbour: any rounding at all. *)
Theorem rounding_ok rnd (valid : Valid_rnd rnd) v : rounded eta eps v (round radix2 (FLT_exp emin prec) rnd v).
Proof.
  unfold rounded. destruct (Req_dec v 0) as [->|N].
  - rewrite round_0 by exact valid. rewrite Rminus_0_r, Rabs_R0, Rmult_0_r, Rplus_0_l. apply bpow_ge_0.
  - pose proof (error_lt_ulp radix2 (FLT_exp emin prec) rnd v N) as E. apply Rlt_le in E. apply Rle_trans with (1 := E).
    destruct (Rle_lt_dec eta (Rabs v)) as [H|H].
    + rewrite <- eta_is in H. apply (ulp_FLT_le radix2 emin prec) in H. apply Rle_trans with (1 := H). rewrite Rmult_comm.
      fold eps. pose proof (bpow_ge_0 radix2 least). fold eta in H0. lra.
    + assert (S : Rabs v < bpow radix2 (emin + prec)).
      { apply Rlt_le_trans with (1 := H). rewrite <- eta_is. apply bpow_le. lia. }
      rewrite (ulp_FLT_small radix2 emin prec v S). pose proof emin_le_eta.
      assert (0 <= eps * Rabs v) by (apply Rmult_le_pos; [apply bpow_ge_0 | apply Rabs_pos]). lra.
Qed.

(** A result that is subnormal may be flushed to zero. *)
Definition flushed_result (x : R) : R := if Rlt_dec (Rabs x) eta then 0 else x.

Theorem flushing_ok rnd (valid : Valid_rnd rnd) v : rounded eta eps v (flushed_result (round radix2 (FLT_exp emin prec) rnd v)).
Proof.
  unfold flushed_result. destruct (Rlt_dec _ eta) as [H|H]; [|apply rounding_ok, valid].
  unfold rounded. rewrite Rminus_0_l, Rabs_Ropp. destruct (Rle_lt_dec eta (Rabs v)) as [K|K].
  - exfalso. apply (Rlt_not_le _ _ H). apply abs_round_ge_generic; [exact _ | exact valid | | exact K].
    unfold eta. apply generic_format_bpow. unfold FLT_exp, emin. lia.
  - assert (0 <= eps * Rabs v) by (apply Rmult_le_pos; [apply bpow_ge_0 | apply Rabs_pos]). lra.
Qed.

(** An operand that is subnormal may be taken for zero. *)
Theorem flushed_operand a : operand eta a (flushed_result a).
Proof.
  unfold operand, flushed_result. destruct (Rlt_dec _ eta) as [H|H].
  - rewrite Rminus_0_l, Rabs_Ropp, Rabs_R0. split; [lra | apply Rabs_pos].
  - rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. split; [apply bpow_ge_0 | lra].
Qed.
Theorem kept_operand a : operand eta a a.
Proof. unfold operand. rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. split; [apply bpow_ge_0 | lra]. Qed.
End Format.

(** A wider format's operation is one of the narrower format's, too: intermediate results may be wider. *)
Lemma rounded_weaker eta eta' e e' v x : eta <= eta' -> e <= e' -> rounded eta e v x -> rounded eta' e' v x.
Proof.
  unfold rounded. intros H K R. apply Rle_trans with (1 := R). apply Rplus_le_compat; [|exact H].
  apply Rmult_le_compat_r; [apply Rabs_pos | exact K].
Qed.

(** ** Units *)
Lemma leaves t : S (additions t) = (length (products t) + length (biases t))%nat.
Proof. induction t; cbn [additions products biases length]; rewrite ?app_length; lia. Qed.

Lemma total_permuted l m : Permutation l m -> total l = total m.
Proof. unfold total. induction 1; cbn; lra. Qed.

Section Unit.
Variables ep es eta : R.
Hypothesis ep_nonneg : 0 <= ep.
Hypothesis es_nonneg : 0 <= es.
Hypothesis eta_nonneg : 0 <= eta.

(** The products of a unit, without those of weight zero, and its bias, if it is not zero. *)
Definition factors_of (d : positive) (ws : list Z) (a : list R) : list (R * R) :=
  filter (fun f => if Req_EM_T (fst f) 0 then false else true) (combine (map (fun w => IZR w * real_part d) ws) a).
Definition bias_of (d : positive) (b : Z) : list R := if Z.eq_dec b 0 then [] else [IZR b * real_part d].

(** The tree adds up a unit's products and bias, in some order. *)
Definition adds_up (l : layer) (wb : list Z * Z) (a : list R) (t : tree) : Prop :=
  Permutation (products t) (factors_of (weight_den l) (fst wb) a) /\ Permutation (biases t) (bias_of (bias_den l) (snd wb)).

Lemma absolute_is x : absolute (F := reals) x = Rabs x.
Proof.
  unfold absolute; cbn. destruct (real_total x 0) as [H|H]; [rewrite Rabs_left1 by exact H | rewrite Rabs_pos_eq by exact H]; reflexivity.
Qed.

Lemma part_positive d : 0 < real_part d.
Proof. apply Rinv_0_lt_compat. apply IZR_lt. lia. Qed.

Definition absolute_layer (l : layer) : layer :=
  Layer (map (map Z.abs) (weights l)) (weight_den l) (map Z.abs (Network.biases l)) (bias_den l) (relus l).
Definition absolute_unit (wb : list Z * Z) : list Z * Z := (map Z.abs (fst wb), Z.abs (snd wb)).

Lemma exact_unit l wb a t : adds_up l wb a t -> exact_value t = unit_pre (F := reals) l wb a.
Proof.
  intros [P B]. unfold exact_value, unit_pre. rewrite (total_permuted _ _ B), (total_permuted _ _ (Permutation_map product P)). clear P B t.
  change (total (map product (factors_of (weight_den l) (fst wb) a)) + total (bias_of (bias_den l) (snd wb))
          = dot (F := reals) IZR (fst wb) a * real_part (weight_den l) + IZR (snd wb) * real_part (bias_den l)).
  f_equal.
  - unfold factors_of. generalize (fst wb) as ws. intros ws. revert a; induction ws as [|w ws IH]; intros [|v a]; cbn [map combine filter dot];
      try (unfold total; cbn; ring).
    specialize (IH a). unfold total, product in *. cbn [fst].
    destruct (Req_EM_T (IZR w * real_part (weight_den l)) 0) as [E|E]; cbn [map fold_right fst snd]; rewrite IH.
    + cbn. replace ((IZR w * v + dot (F := reals) IZR ws a) * real_part (weight_den l))
        with ((IZR w * real_part (weight_den l)) * v + dot (F := reals) IZR ws a * real_part (weight_den l)) by ring. rewrite E. ring.
    + cbn. ring.
  - unfold bias_of, total. destruct (Z.eq_dec (snd wb) 0) as [->|N]; cbn; ring.
Qed.

Lemma magnitude_unit l wb a t :
  adds_up l wb a t -> magnitude t = unit_pre (F := reals) (absolute_layer l) (absolute_unit wb) (map (absolute (F := reals)) a).
Proof.
  intros [P B]. unfold magnitude, unit_pre. rewrite (total_permuted _ _ (Permutation_map Rabs B)), (total_permuted _ _ (Permutation_map product_size P)).
  clear P B t.
  change (total (map product_size (factors_of (weight_den l) (fst wb) a)) + total (map Rabs (bias_of (bias_den l) (snd wb)))
          = dot (F := reals) IZR (map Z.abs (fst wb)) (map (absolute (F := reals)) a) * real_part (weight_den l)
            + IZR (Z.abs (snd wb)) * real_part (bias_den l)).
  f_equal.
  - unfold factors_of. generalize (fst wb) as ws. intros ws. revert a; induction ws as [|w ws IH]; intros [|v a]; cbn [map combine filter dot];
      try (unfold total; cbn; ring).
    specialize (IH a). unfold total, product_size in *. cbn [fst]. rewrite absolute_is.
    assert (A : Rabs (IZR w * real_part (weight_den l)) = IZR (Z.abs w) * real_part (weight_den l)).
    { rewrite Rabs_mult, abs_IZR. f_equal. apply Rabs_pos_eq, Rlt_le, part_positive. }
    destruct (Req_EM_T (IZR w * real_part (weight_den l)) 0) as [E|E]; cbn [map fold_right fst snd]; rewrite IH.
    + rewrite E, Rabs_R0 in A. set (rest := dot _ _ _). set (p := real_part _) in *.
      change (rest * p = (IZR (Z.abs w) * Rabs v + rest) * p). rewrite Rmult_plus_distr_r.
      replace (IZR (Z.abs w) * Rabs v * p) with ((IZR (Z.abs w) * p) * Rabs v) by ring. rewrite <- A. ring.
    + rewrite A. cbn. ring.
  - unfold bias_of, total. destruct (Z.eq_dec (snd wb) 0) as [->|N]; cbn; [ring|].
    rewrite Rabs_mult, <- abs_IZR, (Rabs_pos_eq (real_part _)) by (apply Rlt_le, part_positive). ring.
Qed.

(** A unit that is computed by any tree of its products and bias is within the errors of its roundings. *)
Theorem unit_close l wb a t z (g f : Q) :
  let n := length (products t) in
  let s := 2 * ep + INR (additions t) * es in
  adds_up l wb a t -> computes_unit ep es eta t z -> s <= 1/2 ->
  s / (1 - s) <= q_value (F := reals) g -> (4 * (INR n + 1) + 2 * weight_sum t) * eta <= q_value (F := reals) f ->
  let e := unit_error_bound (F := reals) (absolute_layer l) a (absolute_unit wb, (g, f)) in
  unit_pre (F := reals) l wb a - e <= z <= unit_pre (F := reals) l wb a + e.
Proof.
  intros n s U C S G Fl. pose proof U as [_ B].
  assert (Few : (additions t <= length (products t))%nat).
  { pose proof (leaves t) as L. apply Permutation_length in B. unfold bias_of in B. destruct (Z.eq_dec (snd wb) 0); cbn [length] in B; lia. }
  pose proof (unit_error ep es eta ep_nonneg es_nonneg eta_nonneg t z S Few C) as E. fold s n in E.
  rewrite (exact_unit _ _ _ _ U), (magnitude_unit _ _ _ _ U) in E.
  pose proof (magnitude_nonneg t) as M. rewrite (magnitude_unit _ _ _ _ U) in M.
  unfold unit_error_bound; cbn [fst snd]. set (m := unit_pre (F := reals) (absolute_layer l) (absolute_unit wb) (map (absolute (F := reals)) a)) in *.
  set (v := unit_pre (F := reals) l wb a) in *.
  assert (K : Rabs (z - v) <= q_value (F := reals) g * m + q_value (F := reals) f).
  { apply Rle_trans with (1 := E). apply Rplus_le_compat; [apply Rmult_le_compat_r; assumption | exact Fl]. }
  apply Rabs_le_inv in K. cbn in K |- *. lra.
Qed.
End Unit.

(** ** Networks *)
(** The values of a layer's units, each computed by a tree of its own, or copied; g and f of each unit allow for its roundings. *)
Fixpoint computed_units (ep es eta : R) (l : layer) (wbs : list (list Z * Z)) (a zs : list R) (gfs : list (Q * Q)) : Prop :=
  match wbs, zs, gfs with
  | wb :: wbs', z :: zs', (g, f) :: gfs' =>
      (z = unit_pre (F := reals) l wb a /\ 0 <= q_value (F := reals) g /\ 0 <= q_value (F := reals) f \/
       exists t, let s := 2 * ep + INR (additions t) * es in
         adds_up l wb a t /\ computes_unit ep es eta t z /\ s <= 1/2 /\ s / (1 - s) <= q_value (F := reals) g /\
         (4 * (INR (length (products t)) + 1) + 2 * weight_sum t) * eta <= q_value (F := reals) f)
      /\ computed_units ep es eta l wbs' a zs' gfs'
  | [], [], [] => True
  | _, _, _ => False
  end.
(** Every layer of the network is computed so, and nothing else is rounded. *)
Definition float_run (ep es eta : R) (net : list layer) (rds : list rounding) (r : execution reals) : Prop :=
  runs net r /\
  forall i rd, nth_error rds i = Some rd ->
  let l := nth i net no_layer in
  magnitudes rd = absolute_layer l /\
  computed_units ep es eta l (combine (weights l) (Network.biases l)) (afters r i) (befores r (S i)) (combine (relative rd) (flushed rd)).

Lemma computed_close ep es eta l wbs a zs gfs :
  0 <= ep -> 0 <= es -> 0 <= eta -> computed_units ep es eta l wbs a zs gfs ->
  close (F := reals) (map (unit_error_bound (F := reals) (absolute_layer l) a) (combine (map absolute_unit wbs) gfs)) zs
    (map (fun wb => unit_pre (F := reals) l wb a) wbs).
Proof.
  intros P1 P2 P3. revert zs gfs; induction wbs as [|wb wbs IH]; intros [|z zs] [|[g f] gfs] H; cbn [computed_units map combine close] in *;
    try contradiction; auto.
  destruct H as [[(E & G & Fl)|(t & U & C & S & G & Fl)] H].
  { rewrite E. assert (N : 0 <= unit_error_bound (F := reals) (absolute_layer l) a (absolute_unit wb, (g, f))).
    { unfold unit_error_bound; cbn [fst snd]. apply Rplus_le_le_0_compat; [apply Rmult_le_pos|]; [exact G | | exact Fl].
      unfold unit_pre. apply Rplus_le_le_0_compat; (apply Rmult_le_pos; [|apply Rlt_le, part_positive]).
      - cbn [fst absolute_unit]. generalize (fst wb) as ws. clear. intros ws. revert a; induction ws as [|w ws IH]; intros [|v a]; cbn [map dot];
          try apply Rle_refl.
        apply Rplus_le_le_0_compat; [apply Rmult_le_pos; [apply IZR_le; lia | apply (absolute_nonneg (F := reals))] | apply IH].
      - cbn [snd absolute_unit]. apply IZR_le. lia. }
    split; [|split; [|apply IH, H]]; cbn in N |- *; lra. }
  destruct (unit_close ep es eta P1 P2 P3 l wb a t z g f U C S G Fl) as [K1 K2].
  split; [exact K1 | split; [exact K2 | apply IH, H]].
Qed.

Lemma absolute_units ws bs : combine (map (map Z.abs) ws) (map Z.abs bs) = map absolute_unit (combine ws bs).
Proof. revert bs; induction ws as [|w ws IH]; intros [|b bs]; cbn [map combine]; try reflexivity. rewrite IH. reflexivity. Qed.

(** An accepted certificate about a float program excludes the property, in whatever order each unit's products are added. *)
Theorem float_cannot_fire u grid largest ep es eta rds cl cl' t (r : execution reals) :
  0 <= ep -> 0 <= es -> 0 <= eta ->
  deploy u grid largest rds cl = Some cl' -> Certificate.check_case u cl' [] t = Certificate.Holds 0 ->
  float_run ep es eta (Regions.network cl) rds r ->
  Regions.in_domain (F := reals) cl (input r) -> ~ Regions.run_has_property cl r.
Proof.
  intros P1 P2 P3 E C [Run Fl] D. refine (accepted_deployed u grid largest rds cl cl' t r E C Run _ D).
  intros i rd N. destruct (Fl i rd N) as [M U]. unfold units_of. rewrite M. cbn [absolute_layer weights Network.biases].
  rewrite absolute_units. exact (computed_close ep es eta _ _ _ _ _ P1 P2 P3 U).
Qed.

(** The relative error that the checker computes from counts of roundings is enough. *)
Theorem relative_error_ok p s n q g :
  relative_error p s n q = Some g ->
  let sum := IZR n / IZR (Zpos p) + IZR q / IZR (Zpos s) in sum <= 1/2 /\ sum / (1 - sum) = q_value (F := reals) g.
Proof.
  intros E sum. unfold relative_error in E.
  set (top := (n * Zpos s + q * Zpos p)%Z) in *. set (all := Zpos (p * s)) in *.
  destruct (Z.leb_spec 0 top) as [T0|]; [|discriminate]. destruct (Z.leb_spec (2 * top) all) as [T1|]; [|discriminate].
  cbn [andb] in E. injection E as <-.
  assert (P : 0 < IZR (Zpos p)) by (apply IZR_lt; lia). assert (S : 0 < IZR (Zpos s)) by (apply IZR_lt; lia).
  assert (A : IZR all = IZR (Zpos p) * IZR (Zpos s)) by (unfold all; rewrite Pos2Z.inj_mul, mult_IZR; reflexivity).
  assert (Sum : sum = IZR top / IZR all).
  { unfold sum, top. rewrite A, plus_IZR, !mult_IZR. field. lra. }
  assert (A0 : 0 < IZR all) by (rewrite A; apply Rmult_lt_0_compat; assumption).
  apply IZR_le in T1. rewrite mult_IZR in T1. split.
  - rewrite Sum. apply Rmult_le_reg_r with (IZR all); [exact A0|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra.
  - change (sum / (1 - sum) = IZR top * / IZR (Zpos (Z.to_pos (all - top)))). rewrite Z2Pos.id.
    + rewrite minus_IZR, Sum. field. apply IZR_le in T0. split; lra.
    + apply lt_IZR. rewrite minus_IZR. apply IZR_le in T0. lra.
Qed.

Lemma odd_part_ok p : exists j, (0 <= j)%Z /\ Zpos p = (Zpos (odd_part p) * 2 ^ j)%Z.
Proof.
  induction p as [p _|p (j & J & E)|]; cbn [odd_part]; try (exists 0%Z; split; [lia | rewrite Z.mul_1_r; reflexivity]).
  exists (Z.succ j). split; [lia|]. rewrite Z.pow_succ_r, (Pos2Z.inj_xO p), E by exact J. ring.
Qed.

(** What the checker takes for a number of the format is one. *)
Theorem float_number_ok f q :
  float_number f q = true ->
  generic_format radix2 (FLT_exp (least_exponent f - precision f + 1) (precision f)) (q_value (F := reals) q).
Proof.
  intros H. unfold float_number in H. set (k := Z.log2 (Zpos (Qden q))) in *.
  apply andb_true_iff in H as [H Few]. apply andb_true_iff in H as [H _]. apply andb_true_iff in H as [H K].
  apply andb_true_iff in H as [P D]. apply Z.ltb_lt in P. apply Z.eqb_eq in D. apply Z.leb_le in K.
  pose proof (Z.log2_nonneg (Zpos (Qden q))) as K0. fold k in K0. rewrite Z.shiftl_1_l in D.
  change (q_value (F := reals) q) with (IZR (Qnum q) * real_part (Qden q)).
  assert (Den : real_part (Qden q) = bpow radix2 (- k)).
  { unfold real_part. rewrite <- D, bpow_opp, <- (IZR_Zpower radix2) by exact K0. reflexivity. }
  rewrite Den. clear Den D.
  assert (Shape : exists m j, (0 <= j)%Z /\ (Z.abs m < 2 ^ precision f)%Z /\ Qnum q = (m * 2 ^ j)%Z).
  { destruct (Qnum q) as [|n|n]; cbn [Z.abs] in Few.
    - exists 0%Z, 0%Z. split; [lia|]. split; [|reflexivity]. apply Z.pow_pos_nonneg; lia.
    - destruct (odd_part_ok n) as (j & J & E). exists (Zpos (odd_part n)), j. rewrite Z.shiftl_1_l in Few. apply Z.ltb_lt in Few.
      split; [exact J | split; [exact Few | exact E]].
    - destruct (odd_part_ok n) as (j & J & E). exists (Zneg (odd_part n)), j. rewrite Z.shiftl_1_l in Few. apply Z.ltb_lt in Few.
      split; [exact J | split; [exact Few|]]. change (Zneg n) with (- Zpos n)%Z. rewrite E.
      change (Zneg (odd_part n)) with (- Zpos (odd_part n))%Z. ring. }
  destruct Shape as (m & j & J & S & ->). apply generic_format_FLT. exists (Float radix2 m (j - k)).
  - unfold F2R; cbn [Fnum Fexp]. rewrite mult_IZR. unfold Z.sub. rewrite bpow_plus, <- (IZR_Zpower radix2 j) by exact J. cbn. ring.
  - exact S.
  - cbn [Fexp]. lia.
Qed.
