(** A certificate about a float32 program checked inside Coq's kernel, and what it proves, in full.

    The program: s = x + y + z, rounded twice, in any of its orders; a = ReLU(s); the feature is a - (3 + 1/1024), rounded.  On the box
    [1/4, 1]^3 it is not positive, whatever the rounding. *)
From Coq Require Import List ZArith QArith Reals Lra Lia Permutation.
From Flocq Require Import Core.
From Exactzones Require Import Numbers Network Kinds Execution Backward Regions Certificate Deployed Trees Floats Real.
Import ListNotations.
Local Open Scope Z_scope.

Definition sum_network : list layer := [Layer [[1; 1; 1]] 1 [0] 1 [true]; Layer [[1]] 1 [-3073] 1024 [false]].
Definition sum_claim : claim :=
  Claim sum_network 3 [(-1, [4; 0; 0]); (1, [-1; 0; 0]); (-1, [0; 4; 0]); (1, [0; -1; 0]); (-1, [0; 0; 4]); (1, [0; 0; -1])] []
    [Condition 2 false [1] 0 1 true] [].

Definition two_23 : positive := 8388608.
Definition g_of (q : Z) : Q := match relative_error two_23 two_23 2 q with Some g => g | None => 0%Q end.
Definition two_126 : positive := Z.to_pos (2 ^ 126).
Definition sum_roundings : list rounding := [
  Rounding (Layer [[1; 1; 1]] 1 [0] 1 [true]) [g_of 2] [22 # two_126] 1;
  Rounding (Layer [[1]] 1 [3073] 1024 [false]) [g_of 1] [10 # two_126] 1
].
Definition sum_certificate : Certificate.tree :=
  No 0 [[Bound 1 0 false false no_hint; Bound 1 0 true false no_hint]] [(0%nat, 1)] false no_hint.
Definition largest_32 : Z := (2 ^ 24 - 1) * 2 ^ 104.
Definition bits_40 : positive := 1099511627776.
Definition grid_44 : positive := 17592186044416.

Lemma sum_accepted :
  match deploy bits_40 grid_44 largest_32 sum_roundings sum_claim with
  | Some deployed => check_case bits_40 deployed [] sum_certificate
  | None => Broken 0 missing_row
  end = Holds 0.
Proof. vm_compute. reflexivity. Qed.

Local Open Scope R_scope.
Lemma relu_is_max v : relu (F := reals) v = Rmax 0 v.
Proof.
  destruct (Rle_lt_dec v 0) as [H|H].
  - rewrite relu_off by exact H. symmetry. apply Rmax_left, H.
  - rewrite relu_on by (cbn; lra). symmetry. apply Rmax_right. lra.
Qed.

Section Program.
Variable rnd : R -> Z.
Hypothesis valid : Valid_rnd rnd.
(** Float32 has 24 bits, and its smallest normal number is 2^-126. *)
Definition fl (v : R) : R := round radix2 (FLT_exp (-149) 24) rnd v.

Let e := bpow radix2 (-23).
Let eta := bpow radix2 (-126).

Lemma fl_rounded v : rounded eta e v (fl v).
Proof. exact (rounding_ok 24 (-126) eq_refl rnd valid v). Qed.
Lemma same_rounded v : rounded eta e v v.
Proof.
  unfold rounded. rewrite Rminus_diag_eq, Rabs_R0 by reflexivity.
  apply Rplus_le_le_0_compat; [apply Rmult_le_pos; [apply bpow_ge_0 | apply Rabs_pos] | apply bpow_ge_0].
Qed.

Lemma computes_one v : computes e e eta (Product (1, v)) v.
Proof. apply computes_product with v; [apply kept_operand | rewrite Rmult_1_l; apply same_rounded]. Qed.

(** x + y + z, in some order. *)
Lemma computes_sum x y z : computes e e eta (Add (Add (Product (1, x)) (Product (1, y))) (Product (1, z))) (fl (fl (x + y) + z)).
Proof.
  apply computes_add with (fl (x + y)) z; [|apply computes_one | apply fl_rounded].
  apply computes_add with x y; [apply computes_one | apply computes_one | apply fl_rounded].
Qed.

Lemma e_is : e = / IZR (Zpos two_23).
Proof. unfold e, two_23. cbn. lra. Qed.

Lemma errors_fit (q : nat) :
  (q <= 2)%nat -> 2 * e + INR q * e <= 1/2 /\ (2 * e + INR q * e) / (1 - (2 * e + INR q * e)) <= q_value (F := reals) (g_of (Z.of_nat q)).
Proof.
  intros Q. assert (G : relative_error two_23 two_23 2 (Z.of_nat q) = Some (g_of (Z.of_nat q))).
  { destruct q as [|[|[|q]]]; try reflexivity. lia. }
  destruct (relative_error_ok _ _ _ _ _ G) as [S E]. rewrite <- E. rewrite e_is, INR_IZR_INZ. unfold Rdiv in *.
  split; [exact S | apply Rle_refl].
Qed.

Lemma eta_is n : n * eta = n * real_part two_126.
Proof. unfold eta, real_part, two_126. f_equal. Qed.

(** The values of the program's units. *)
Definition program_before (x y z s : R) (n : nat) : list R :=
  match n with O => [x; y; z] | 1%nat => [s] | 2%nat => [fl (Rmax 0 s - 3073/1024)] | _ => [] end.
Definition program (x y z s : R) : execution reals :=
  Execution (F := reals) (program_before x y z s)
    (fun n => match n with
              | O => [x; y; z]
              | S i => activate (F := reals) (relus (nth i sum_network no_layer)) (program_before x y z s n)
              end).

Lemma program_runs x y z s : runs sum_network (program x y z s).
Proof. constructor; [reflexivity | intros i; reflexivity |]. intros [|[|i]]; try reflexivity. cbn. destruct i; reflexivity. Qed.

Lemma one_over_one : IZR 1 * real_part 1 = 1.
Proof. unfold real_part. lra. Qed.

Lemma errors_value n : q_value (F := reals) (n # two_126) = IZR n * eta.
Proof. rewrite eta_is. reflexivity. Qed.

Lemma sum_unit x y z s t :
  Permutation (products t) [(1, x); (1, y); (1, z)] -> biases t = [] -> computes e e eta t s ->
  computed_units e e eta (Layer [[1%Z; 1%Z; 1%Z]] 1 [0%Z] 1 [true]) [([1%Z; 1%Z; 1%Z], 0%Z)] [x; y; z] [s] [(g_of 2, 22 # two_126)].
Proof.
  intros P B C. cbn [computed_units]. split; [right; exists t | exact I].
  assert (Three : length (products t) = 3%nat) by (rewrite (Permutation_length P); reflexivity).
  pose proof (leaves t) as L. rewrite Three, B in L. cbn [length] in L. assert (Two : additions t = 2%nat) by lia. rewrite Three, Two.
  destruct (errors_fit 2 (le_n 2)) as [E1 E2]. change (Z.of_nat 2) with 2%Z in E2.
  repeat split; try assumption.
  - assert (Fs : factors_of 1 [1%Z; 1%Z; 1%Z] [x; y; z] = [(1, x); (1, y); (1, z)]); [|cbn [weight_den fst]; rewrite Fs; exact P].
    unfold factors_of. cbn [map combine]. rewrite one_over_one. cbn [filter fst]. destruct (Req_EM_T 1 0); [lra | reflexivity].
  - rewrite B. constructor.
  - exists s. split; [exact C | apply same_rounded].
  - rewrite errors_value. assert (W : weight_sum t = 3).
    { unfold weight_sum. rewrite (total_permuted _ _ (Permutation_map weight_size P)). unfold total, weight_size. cbn [map fold_right fst].
      rewrite Rabs_R1. lra. }
    rewrite W, INR_IZR_INZ. cbn [Z.of_nat Pos.of_succ_nat Pos.succ]. assert (0 <= eta) by apply bpow_ge_0. lra.
Qed.

Lemma last_unit a :
  computed_units e e eta (Layer [[1%Z]] 1 [(-3073)%Z] 1024 [false]) [([1%Z], (-3073)%Z)] [a] [fl (a - 3073/1024)] [(g_of 1, 10 # two_126)].
Proof.
  cbn [computed_units]. split; [right; exists (Add (Product (1, a)) (Bias (- 3073/1024))) | exact I].
  destruct (errors_fit 1 ltac:(lia)) as [E1 E2]. change (Z.of_nat 1) with 1%Z in E2. cbn [additions Nat.add products app length].
  repeat split; try assumption.
  - assert (Fs : factors_of 1 [1%Z] [a] = [(1, a)]); [|cbn [weight_den fst products app]; rewrite Fs; apply Permutation_refl].
    unfold factors_of. cbn [map combine]. rewrite one_over_one. cbn [filter fst]. destruct (Req_EM_T 1 0); [lra | reflexivity].
  - cbn [biases app bias_den snd]. unfold bias_of. destruct (Z.eq_dec (-3073) 0) as [|N]; [discriminate|].
    replace (- 3073 / 1024) with (IZR (-3073) * real_part 1024) by (unfold real_part; lra). apply Permutation_refl.
  - exists (fl (a - 3073/1024)). split; [|apply same_rounded].
    apply computes_add with a (- 3073/1024); [apply computes_one | apply computes_bias |].
    replace (a + - 3073 / 1024) with (a - 3073/1024) by lra. apply fl_rounded.
  - rewrite errors_value. unfold weight_sum, total, weight_size. cbn [products app map fold_right fst].
    rewrite Rabs_R1, INR_IZR_INZ. cbn [Z.of_nat Pos.of_succ_nat Pos.succ]. assert (0 <= eta) by apply bpow_ge_0. lra.
Qed.

(** Whatever tree adds x, y and z up. *)
Theorem any_order x y z s t :
  1/4 <= x <= 1 -> 1/4 <= y <= 1 -> 1/4 <= z <= 1 ->
  Permutation (products t) [(1, x); (1, y); (1, z)] -> biases t = [] -> computes e e eta t s -> fl (Rmax 0 s - 3073/1024) <= 0.
Proof.
  intros X Y Z P B C. destruct (Rle_lt_dec (fl (Rmax 0 s - 3073/1024)) 0) as [H|H]; [exact H|]. exfalso.
  pose proof sum_accepted as A. destruct (deploy bits_40 grid_44 largest_32 sum_roundings sum_claim) as [deployed|] eqn:D; [|discriminate].
  assert (Ef : 0 <= e) by apply bpow_ge_0. assert (Et : 0 <= eta) by apply bpow_ge_0.
  refine (float_cannot_fire _ _ _ e e eta _ _ _ _ (program x y z s) Ef Ef Et D A _ _ _).
  - split; [apply program_runs|]. intros [|[|i]] rd N; cbn [nth_error sum_roundings] in N; [| | destruct i; discriminate];
      injection N as <-; (split; [reflexivity|]).
    + exact (sum_unit x y z s t P B C).
    + change (afters (program x y z s) 1) with ([relu (F := reals) s]). rewrite relu_is_max. exact (last_unit (Rmax 0 s)).
  - split; [reflexivity|]. cbn [domain sum_claim]. change (input (program x y z s)) with [x; y; z].
    repeat (apply Forall_cons; [unfold row_ok; cbn [fst snd dot add mul of_Z zero le reals carrier]; lra|]). apply Forall_nil.
  - repeat constructor. unfold holds, condition_value. cbn [strict terms after_relu place constant constant_den].
    change (befores (program x y z s) 2) with [fl (Rmax 0 s - 3073/1024)].
    cbn [dot add mul of_Z part zero le reals carrier]. lra.
Qed.

(** In full: the three orders of two additions, for every x, y, z of the box, and every rounding. *)
Theorem never_positive x y z :
  1/4 <= x <= 1 -> 1/4 <= y <= 1 -> 1/4 <= z <= 1 ->
  fl (Rmax 0 (fl (fl (x + y) + z)) - 3073/1024) <= 0 /\
  fl (Rmax 0 (fl (fl (x + z) + y)) - 3073/1024) <= 0 /\
  fl (Rmax 0 (fl (fl (y + z) + x)) - 3073/1024) <= 0.
Proof.
  intros X Y Z. split; [|split].
  - apply any_order with x y z (Add (Add (Product (1, x)) (Product (1, y))) (Product (1, z))); auto using computes_sum.
  - apply any_order with x y z (Add (Add (Product (1, x)) (Product (1, z))) (Product (1, y))); auto using computes_sum.
    cbn [products app]. apply perm_skip, perm_swap.
  - apply any_order with x y z (Add (Add (Product (1, y)) (Product (1, z))) (Product (1, x))); auto using computes_sum.
    cbn [products app]. apply Permutation_sym, (Permutation_cons_append [(1, y); (1, z)] (1, x)).
Qed.
End Program.
