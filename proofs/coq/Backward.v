(** What is known of units, and carrying a linear function of values back to a function of the inputs that is nowhere greater. *)
From Coq Require Import List ZArith QArith Ring Lia Bool.
From Exactzones Require Import Numbers Network Kinds Execution.
Import ListNotations.
Local Open Scope Z_scope.

(** Perhaps a lower bound, perhaps an upper bound, as multiples of 2^-bits; for each unit of the inputs (0) and of layer k - 1 (k). *)
Definition fact := (option Z * option Z)%type.
Definition region := list (list fact).
(** For a layer and what is known of the values that it takes: bounds on the errors with which its units are computed, as multiples of
    2^-bits, or nothing where they are computed exactly. *)
Definition errors := nat -> list fact -> list Z.

(** Hints. Units are named by layer (as above) and place. Multipliers of rows are over one denominator. *)
Record hint := Hint {
  rows : list (nat * Z);
  rows_den : positive;
  betas : list (nat * (nat * bool * Q));                        (* layer, (unit, upper, multiplier) *)
  alphas : list (nat * (nat * Z))                               (* layer, (unit, a / 2^8) *)
}.
Definition no_hint : hint := Hint [] 1 [] [].
Definition at_layer {A} (k : nat) (entries : list (nat * A)) : list A :=
  map snd (filter (fun e => Nat.eqb (fst e) k) entries).

Section Compute.
Context {num : Type} (k : kind num) (u : positive) (net : list layer) (lost : errors).

Fixpoint add_lists (a b : list num) : list num :=
  match a, b with
  | [], _ => b
  | _, [] => a
  | p :: a', q :: b' => plus k p q :: add_lists a' b'
  end.
Fixpoint add_at (i : nat) (v : num) (ps : list num) : list num :=
  match i, ps with
  | O, [] => [v]
  | O, p :: ps' => plus k p v :: ps'
  | S i', [] => none k :: add_at i' v []
  | S i', p :: ps' => p :: add_at i' v ps'
  end.

(** c ReLU(z) >= p z + t: the coefficient p and the constant t. *)
Definition is_on (f : fact) : bool := match fst f with Some l => 0 <=? l | None => false end.
Definition is_off (f : fact) : bool := match snd f with Some h => h <=? 0 | None => false end.
Definition relu_step (chosen : option Z) (m : bool) (f : fact) (c : num) : option (num * num) :=
  if negb m || is_on f then Some (c, none k)
  else if is_off f then Some (none k, none k)
  else match sign k c with
       | Eq => Some (none k, none k)
       | Gt => Some (match chosen with
                     | Some a => if (0 <=? a) && (a <=? 256) then slope k c a else none k
                     | None => match f with (Some l, Some h) => if - l <? h then c else none k | _ => none k end
                     end, none k)
       | Lt => match f with
               | (Some l, Some h) =>
                   let p := chord k c l h in
                   Some (p, least k (times k (opposite k p) (known k l)) (times k (plus k c (opposite k p)) (known k h)))
               | (Some l, None) => Some (c, times k (opposite k c) (known k l))
               | (None, Some h) => Some (none k, least k (times k c (known k h)) (none k))
               | (None, None) => None
               end
       end.

Definition slope_of (i : nat) (slopes : list (nat * Z)) : option Z :=
  fold_left (fun found s => if Nat.eqb (fst s) i then Some (snd s) else found) slopes None.

Fixpoint relu_steps (slopes : list (nat * Z)) (i : nat) (ms : list bool) (fs : list fact) (cs : list num) {struct cs} : option (list num * num) :=
  match cs, ms, fs with
  | c :: cs', m :: ms', f :: fs' =>
      match relu_step (slope_of i slopes) m f c, relu_steps slopes (S i) ms' fs' cs' with
      | Some (p, t), Some (ps, s) => Some (p :: ps, plus k t s)
      | _, _ => None
      end
  | _, _, _ => Some ([], none k)
  end.

(** Subtract a multiple of what a known bound leaves. *)
Definition beta_step (fs : list fact) (state : option (list num * num)) (beta : nat * bool * Q) : option (list num * num) :=
  match state, beta with
  | Some (ps, t), (i, upper, m) =>
      let b := ratio k (Qnum m) (Qden m) in
      if Qnum m <? 0 then None else
      match nth_error fs i with
      | Some (l, h) =>
          if upper : bool
          then match h with Some h => Some (add_at i b ps, plus k t (times k (opposite k b) (known k h))) | None => None end
          else match l with Some l => Some (add_at i (opposite k b) ps, plus k t (times k b (known k l))) | None => None end
      | None => None
      end
  | None, _ => None
  end.

(** What is known of the values that come out of a layer (of the inputs for i = 0). *)
Fixpoint floors_under (ms : list bool) (fs : list fact) : list below :=
  match ms, fs with
  | m :: ms', f :: fs' =>
      (if m : bool then (if is_off f && negb (is_on f) then Idle else Above (Some 0)) else Above (option_map (Z.min 0) (fst f)))
      :: floors_under ms' fs'
  | _, _ => []
  end.
Definition floors (i : nat) (fs : list fact) : list below :=
  match i with
  | O => map (fun f : fact => Above (option_map (Z.min 0) (fst f))) fs
  | S j => floors_under (relus (nth j net no_layer)) fs
  end.

(** What errors may take from p . z: a number that is not positive. *)
Fixpoint loss (ds : list Z) (ps : list num) : num :=
  match ds, ps with
  | d :: ds', p :: ps' => plus k (times k (least k p (opposite k p)) (known k d)) (loss ds' ps')
  | _, _ => none k
  end.

(** A linear function of values: coefficients before and after the ReLU of every layer. *)
Record function := Function { at_before : nat -> list num; at_after : nat -> list num }.

Fixpoint carry_back (kn : region) (h : hint) (f : function) (n : nat) (carried : list num) (constant : num) : option (list num * num) :=
  let cs := add_lists carried (at_after f n) in
  match n with
  | O => Some (add_lists cs (at_before f O), constant)
  | S i =>
      let l := nth i net no_layer in
      let fs := nth n kn [] in
      match nth_error kn n, cs with
      | None, _ :: _ => None
      | _, _ =>
        match relu_steps (at_layer n (alphas h)) 0 (relus l) fs cs with
        | None => None
        | Some (ps, t) =>
          match fold_left (beta_step fs) (at_layer n (betas h)) (Some (add_lists ps (at_before f n), plus k constant t)) with
          | None => None
          | Some (ps, t) =>
            match nth_error kn i with
            | None => None
            | Some below =>
              match affine k i (floors i below) ps with
              | (_, _, None) => None
              | (cs, b, Some v) => carry_back kn h f i cs (plus k (plus k (plus k t (loss (lost i below) ps)) b) (known k (v / Zpos u)))
              end
            end
          end
        end
      end
  end.

(** z, or - z if [upper], of unit i of layer n. *)
Definition unit_function (n i : nat) (upper : bool) : function :=
  Function (fun m => if Nat.eqb m n then repeat (none k) i ++ [whole k (if upper then -1 else 1)] else []) (fun _ => []).
End Compute.

Section Sound.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.
Context {num : Type} (k : kind num) (val : num -> F) (u : positive) (net : list layer) (lost : errors) (good : sound u net k val).

Definition fact_ok (f : fact) (z : F) : Prop :=
  match fst f with Some l => bound_value u l <= z | None => True end /\
  match snd f with Some h => z <= bound_value u h | None => True end.
(** What is known is true of x. *)
Definition region_ok (kn : region) (r : execution F) : Prop :=
  forall n fs, nth_error kn n = Some fs -> Forall2 fact_ok fs (befores r n).
(** The errors of an execution are accounted for. *)
Definition accounted (r : execution F) : Prop :=
  forall i fs, Forall2 fact_ok fs (befores r i) ->
  Forall (Z.le 0) (lost i fs) /\ apart u (lost i fs) (befores r (S i)) (pre (nth i net no_layer) (afters r i)).

Lemma add_lists_ok a b x : dot val (add_lists k a b) x = dot val a x + dot val b x.
Proof.
  revert b x; induction a as [|p a IH]; intros [|q b] [|v x]; cbn [add_lists dot]; try ring.
  rewrite IH, (plus_ok u net k val good). ring.
Qed.

Lemma add_at_ok i v ps zs : dot val (add_at k i v ps) zs = dot val ps zs + val v * nth i zs 0.
Proof.
  revert ps zs; induction i as [|i IH]; intros [|p ps] [|z zs]; cbn [add_at dot nth];
    rewrite ?IH, ?(plus_ok u net k val good), ?(none_ok u net k val good); cbn [dot]; try ring.
Qed.

(** The triangle from below: p between 0 and c. *)
Lemma relu_above (p c z : F) : 0 <= p -> p <= c -> p * z <= c * relu z.
Proof.
  intros P C. destruct (total z 0) as [H|H].
  - rewrite relu_off by exact H. apply (le_by (p * - z)); [apply mul_nonneg; auto using nonpos_opp | ring].
  - rewrite relu_on by exact H. apply mul_le_r; assumption.
Qed.

(** c ReLU(z) - p z is concave for c <= 0, and so least at an end: any p will do. *)
Lemma relu_concave (p c l h t z : F) :
  c <= 0 -> l <= z -> z <= h -> l <= 0 -> 0 <= h -> t <= - p * l -> t <= (c - p) * h -> p * z + t <= c * relu z.
Proof.
  intros C L H L0 H0 T1 T2.
  assert (T : t <= 0).
  { destruct (total p 0) as [P|P].
    - apply (le_trans _ _ _ _ T1). apply (le_by ((- p) * (- l))); [apply mul_nonneg; apply nonpos_opp; assumption | ring].
    - apply (le_trans _ _ _ _ T2). apply (le_by ((p - c) * h)); [|ring].
      apply mul_nonneg; [|exact H0]. apply nonneg_sub, (le_trans _ _ 0); assumption. }
  destruct (total z 0) as [Z|Z].
  - rewrite relu_off by exact Z. destruct (total p 0) as [P|P].
    + apply (le_by ((- p * l - t) + (- p) * (z - l))); [|ring].
      apply add_nonneg; [apply nonneg_sub, T1 | apply mul_nonneg; [apply nonpos_opp, P | apply nonneg_sub, L]].
    + apply (le_by (- t + p * - z)); [|ring]. apply add_nonneg; [|apply mul_nonneg]; auto using nonpos_opp.
  - rewrite relu_on by exact Z. destruct (total c p) as [P|P].
    + apply (le_by (((c - p) * h - t) + (p - c) * (h - z))); [|ring].
      apply add_nonneg; [apply nonneg_sub, T2 | apply mul_nonneg; apply nonneg_sub; assumption].
    + apply (le_by (- t + (c - p) * z)); [|ring].
      apply add_nonneg; [apply nonpos_opp, T | apply mul_nonneg; [apply nonneg_sub, P | exact Z]].
Qed.

Lemma bound_nonneg v : (0 <= v)%Z -> (0 : F) <= bound_value u v.
Proof. intros H. apply mul_nonneg; [apply of_Z_nonneg, H | apply part_nonneg]. Qed.
Lemma bound_nonpos v : (v <= 0)%Z -> bound_value u v <= (0 : F).
Proof. intros H. replace (0 : F) with (bound_value u 0 : F) by (unfold bound_value; rewrite of_Z_0; ring). apply bound_le, H. Qed.

Lemma relu_step_ok a m f c p t (z : F) :
  fact_ok f z -> relu_step k a m f c = Some (p, t) -> val p * z + val t <= val c * (if m then relu z else z).
Proof.
  destruct good as [N P O S L W K _ _ T SL _ _ _ _]. intros [Low High]. unfold relu_step.
  destruct m; cbn [negb orb]; [|intros [= <- <-]; rewrite N; apply le_eq; ring].
  unfold is_on, is_off. destruct f as [low high]; cbn [fst snd] in *.
  assert (Off : forall h, high = Some h -> (h <= 0)%Z -> val (none k) * z + val (none k) <= val c * relu z).
  { intros h -> H. rewrite N, relu_off; [apply le_eq; ring|]. apply (le_trans _ _ _ _ High), bound_nonpos, H. }
  assert (On : forall l, low = Some l -> (0 <= l)%Z -> val c * z + val (none k) <= val c * relu z).
  { intros l -> H. rewrite N, relu_on; [apply le_eq; ring|]. apply (le_trans _ _ (bound_value u l)); [apply bound_nonneg, H | exact Low]. }
  assert (Zero : sign k c = Eq -> val (none k) * z + val (none k) <= val c * relu z).
  { intros E. pose proof (S c) as Sc. rewrite E in Sc. rewrite N, Sc. apply le_eq; ring. }
  assert (Up : forall q, 0 <= val q -> val q <= val c -> val q * z + val (none k) <= val c * relu z).
  { intros q Q0 Q1. rewrite N. apply (le_trans _ _ (val q * z)); [apply le_eq; ring | apply relu_above; assumption]. }
  assert (Positive : sign k c = Gt -> forall q t,
            Some (match a with
                  | Some a => if (0 <=? a)%Z && (a <=? 256)%Z then slope k c a else none k
                  | None => match low, high with Some l, Some h => if (- l <? h)%Z then c else none k | _, _ => none k end
                  end, none k) = Some (q, t) -> val q * z + val t <= val c * relu z).
  { intros E q s [= <- <-]. pose proof (S c) as Sc. rewrite E in Sc. apply lt_le in Sc.
    assert (Up0 : val (none k) * z + val (none k) <= val c * relu z) by (apply Up; rewrite N; [apply le_refl | exact Sc]).
    assert (Up1 : val c * z + val (none k) <= val c * relu z) by (apply Up; [exact Sc | apply le_refl]).
    destruct a as [a|].
    - destruct (Z.leb_spec 0 a); cbn [andb]; [|exact Up0]. destruct (Z.leb_spec a 256); [|exact Up0].
      destruct (SL c a) as [S0 S1]; [lia | exact Sc|]. apply Up; assumption.
    - destruct low as [l|]; [|exact Up0]. destruct high as [h|]; [|exact Up0]. destruct (- l <? h)%Z; assumption. }
  destruct low as [l|], high as [h|].
  - destruct (Z.leb_spec 0 l) as [H|H]; [intros [= <- <-]; eapply On; eauto|].
    destruct (Z.leb_spec h 0) as [H'|H']; [intros [= <- <-]; eapply Off; eauto|].
    destruct (sign k c) eqn:E; [intros [= <- <-]; auto | | apply Positive; reflexivity].
    intros [= <- <-]. pose proof (S c) as Sc. rewrite E in Sc.
    set (q := chord k c l h). set (t1 := times k (opposite k q) (known k l)).
    set (t2 := times k (plus k c (opposite k q)) (known k h)). destruct (L t1 t2) as [L1 L2].
    apply (relu_concave _ _ (bound_value u l) (bound_value u h)); auto.
    + apply bound_nonpos. lia.
    + apply bound_nonneg. lia.
    + apply (le_trans _ _ _ _ L1). unfold t1. rewrite <- O, <- K. apply T.
    + apply (le_trans _ _ _ _ L2). unfold t2. rewrite <- K.
      replace (val c - val q) with (val (plus k c (opposite k q))) by (rewrite P, O; ring). apply T.
  - destruct (Z.leb_spec 0 l) as [H|H]; [intros [= <- <-]; eapply On; eauto|].
    destruct (sign k c) eqn:E; [intros [= <- <-]; auto | | apply Positive; reflexivity].
    intros [= <- <-]. pose proof (S c) as Sc. rewrite E in Sc.
    assert (T1 : val (times k (opposite k c) (known k l)) <= - val c * bound_value u l) by (rewrite <- O, <- K; apply T).
    assert (Cl : - val c * bound_value u l <= 0).
    { apply (le_by ((- val c) * (- bound_value u l))); [|ring]. apply mul_nonneg; apply nonpos_opp; [exact Sc | apply bound_nonpos; lia]. }
    destruct (total z 0) as [Z|Z]; [rewrite relu_off by exact Z | rewrite relu_on by exact Z].
    + apply (le_trans _ _ (val c * z + - val c * bound_value u l)); [apply le_add, T1|].
      apply (le_by ((- val c) * (z - bound_value u l))); [|ring]. apply mul_nonneg; [apply nonpos_opp, Sc | apply nonneg_sub, Low].
    + apply (le_trans _ _ (val c * z + 0)); [apply le_add, (le_trans _ _ _ _ T1 Cl) | apply le_eq; ring].
  - destruct (Z.leb_spec h 0) as [H'|H']; [intros [= <- <-]; eapply Off; eauto|].
    destruct (sign k c) eqn:E; [intros [= <- <-]; auto | | apply Positive; reflexivity].
    intros [= <- <-]. pose proof (S c) as Sc. rewrite E in Sc. rewrite N.
    destruct (L (times k c (known k h)) (none k)) as [L1 L2]. rewrite N in L2.
    apply (le_trans _ _ (val (least k (times k c (known k h)) (none k)))); [apply le_eq; ring|].
    destruct (total z 0) as [Z|Z]; [rewrite relu_off by exact Z | rewrite relu_on by exact Z].
    + apply (le_trans _ _ _ _ L2), le_eq. ring.
    + apply (le_trans _ _ _ _ L1). apply (le_trans _ _ (val c * bound_value u h)); [rewrite <- K; apply T|].
      apply (le_by ((- val c) * (bound_value u h - z))); [|ring]. apply mul_nonneg; [apply nonpos_opp, Sc | apply nonneg_sub, High].
  - destruct (sign k c) eqn:E; [intros [= <- <-]; auto | discriminate | apply Positive; reflexivity].
Qed.

Lemma relu_steps_ok slopes i ms fs cs ps t zs :
  Forall2 fact_ok fs zs -> relu_steps k slopes i ms fs cs = Some (ps, t) ->
  dot val ps zs + val t <= dot val cs (activate ms zs).
Proof.
  intros H; revert i ms cs ps t.
  assert (E0 : val (none k) = 0) by apply (none_ok u net k val good).
  induction H as [|f z fs zs Hf H IH]; intros i [|m ms] [|c cs] ps t E; cbn [relu_steps activate dot] in *;
    try (injection E as <- <-; cbn [dot]; rewrite E0; apply le_eq; ring).
  destruct (relu_step k (slope_of i slopes) m f c) as [[p s]|] eqn:E1; [|discriminate].
  destruct (relu_steps k slopes (S i) ms fs cs) as [[qs r]|] eqn:E2; [|discriminate]. injection E as <- <-.
  pose proof (relu_step_ok _ _ _ _ _ _ _ Hf E1) as K1. specialize (IH _ _ _ _ _ E2).
  cbn [dot]. rewrite (plus_ok u net k val good).
  apply (le_trans _ _ ((val p * z + val s) + (dot val qs zs + val r))); [apply le_eq; ring | apply add_le; assumption].
Qed.

Lemma nth_fact fs zs i f : Forall2 fact_ok fs zs -> nth_error fs i = Some f -> fact_ok f (nth i zs 0).
Proof.
  intros H; revert i; induction H as [|g z fs zs G H IH]; intros [|i] E; cbn in *; try discriminate; [injection E as <-; exact G | apply IH, E].
Qed.

Lemma betas_ok fs bs zs ps t qs s :
  Forall2 fact_ok fs zs -> fold_left (beta_step k fs) bs (Some (ps, t)) = Some (qs, s) ->
  dot val qs zs + val s <= dot val ps zs + val t.
Proof.
  destruct good as [N P O _ _ _ K _ _ T _ A0 _ _ _].
  intros H; revert ps t; induction bs as [|[[i upper] m] bs IH]; intros ps t; cbn [fold_left].
  - intros [= <- <-]. apply le_refl.
  - assert (Dead : forall bs, fold_left (beta_step k fs) bs None = None) by (clear; induction bs; auto).
    cbn [beta_step]. destruct (Z.ltb_spec (Qnum m) 0) as [M|M]; [rewrite Dead; discriminate|].
    pose proof (A0 _ (Qden m) M) as A. set (amount := ratio k (Qnum m) (Qden m)) in *.
    destruct (nth_error fs i) as [[l h]|] eqn:E; [|rewrite Dead; discriminate].
    pose proof (nth_fact _ _ _ _ H E) as [Low High]; cbn [fst snd] in *. destruct upper.
    + destruct h as [h|]; [|rewrite Dead; discriminate]. intros R. apply (le_trans _ _ _ _ (IH _ _ R)).
      rewrite add_at_ok, P. pose proof (T (opposite k amount) (known k h)) as T1. rewrite O, K in T1.
      apply (le_trans _ _ (dot val ps zs + val amount * nth i zs 0 + (val t + - val amount * bound_value u h)));
        [apply le_add, le_add, T1|].
      apply (le_by (val amount * (bound_value u h - nth i zs 0))); [apply mul_nonneg; auto using nonneg_sub | ring].
    + destruct l as [l|]; [|rewrite Dead; discriminate]. intros R. apply (le_trans _ _ _ _ (IH _ _ R)).
      rewrite add_at_ok, P, O. pose proof (T amount (known k l)) as T1. rewrite K in T1.
      apply (le_trans _ _ (dot val ps zs + - val amount * nth i zs 0 + (val t + val amount * bound_value u l)));
        [apply le_add, le_add, T1|].
      apply (le_by (val amount * (nth i zs 0 - bound_value u l))); [apply mul_nonneg; auto using nonneg_sub | ring].
Qed.

Lemma floor_min l (z : F) : bound_value u l <= z -> floor_ok u (Above (Some (Z.min 0 l))) z.
Proof. intros H. split; [apply (le_trans _ _ (bound_value u l)); [apply bound_le; lia | exact H] | lia]. Qed.

Lemma floors_ok kn x i fs :
  runs net x -> region_ok kn x -> nth_error kn i = Some fs -> Forall2 (floor_ok u) (floors net i fs) (afters x i).
Proof.
  intros V R E. specialize (R _ _ E). clear E. destruct i as [|j].
  - rewrite (run_input net x V). unfold input. cbn [floors] in *. induction R as [|f z fs zs H R IH]; cbn [map]; constructor; auto.
    destruct H as [H _]. destruct f as [[l|] h]; cbn [fst option_map]; [apply floor_min, H | exact I].
  - rewrite (run_relu net x V). cbn [floors]. generalize (relus (nth j net no_layer)).
    induction R as [|f z fs zs H R IH]; intros [|m ms]; cbn [floors_under activate]; constructor; auto.
    destruct m.
    { destruct (is_off f && negb (is_on f)) eqn:Off.
      - apply andb_true_iff in Off as [Off _]. destruct H as [_ High]. unfold is_off in Off. destruct (snd f) as [h|]; [|discriminate].
        apply Z.leb_le in Off. apply relu_off, (le_trans _ _ _ _ High), bound_nonpos, Off.
      - split; [apply (le_trans _ _ 0); [apply bound_nonpos; lia | apply relu_nonneg] | lia]. }
    destruct H as [H _]. destruct f as [[l|] h]; cbn [fst option_map]; [apply floor_min, H | exact I].
Qed.

(** The value of a function's parts up to layer n. *)
Fixpoint total_value (f : function) (x : execution F) (n : nat) : F :=
  dot val (at_after f n) (afters x n) + dot val (at_before f n) (befores x n) + match n with O => 0 | S i => total_value f x i end.

Lemma loss_nonpos ds ps : Forall (Z.le 0) ds -> val (loss k ds ps) <= 0.
Proof.
  destruct good as [N P O _ L _ K _ _ T _ _ _ _ _].
  intros H; revert ps; induction H as [|d ds D H IH]; intros [|p ps]; cbn [loss]; try (rewrite N; apply le_refl).
  rewrite P. destruct (L p (opposite k p)) as [L1 L2]. rewrite O in L2.
  pose proof (T (least k p (opposite k p)) (known k d)) as T1. rewrite K in T1.
  apply (le_trans _ _ (0 + 0)); [apply add_le; [|apply IH] | apply le_eq; ring]. apply (le_trans _ _ _ _ T1).
  assert (M : val (least k p (opposite k p)) <= 0).
  { destruct (total (val p) 0) as [A|A]; [apply (le_trans _ _ _ _ L1 A)|]. apply (le_trans _ _ _ _ L2).
    apply (le_by (val p)); [exact A | ring]. }
  apply (le_by ((- val (least k p (opposite k p))) * bound_value u d)); [|ring].
  apply mul_nonneg; [apply nonpos_opp, M | apply bound_nonneg, D].
Qed.

Lemma loss_ok ds ps zs ws : Forall (Z.le 0) ds -> apart u ds zs ws -> dot val ps ws + val (loss k ds ps) <= dot val ps zs.
Proof.
  revert ds ps ws; induction zs as [|z zs IH]; intros ds ps [|w ws] D A; cbn [apart] in A; try destruct A.
  - rewrite dot_nil_r. apply (le_trans _ _ (0 + 0)); [apply le_add, loss_nonpos, D | apply le_eq; ring].
  - destruct H0 as [Hi A]. destruct ps as [|p ps]; cbn [dot].
    { assert (E : loss k ds [] = none k) by (destruct ds; reflexivity). rewrite E, (none_ok u net k val good). apply le_eq. ring. }
    destruct D as [|d ds Hd D]; cbn [hd tl loss] in *.
    + assert (E : z = w).
      { unfold bound_value in *. rewrite of_Z_0 in *. apply le_antisym.
        - apply (le_trans _ _ _ _ Hi), le_eq. ring.
        - apply (le_trans _ _ (w - 0 * part u)); [apply le_eq; ring | exact H]. }
      specialize (IH [] ps ws (Forall_nil _) A). cbn [loss] in IH. rewrite E.
      apply (le_trans _ _ (val p * w + (dot val ps ws + val (none k)))); [apply le_eq; ring | apply le_add, IH].
    + specialize (IH ds ps ws D A). destruct good as [N P O _ L _ K _ _ T _ _ _ _ _].
      destruct (L p (opposite k p)) as [L1 L2]. rewrite O in L2. rewrite P.
      pose proof (T (least k p (opposite k p)) (known k d)) as T1. rewrite K in T1.
      assert (B0 : 0 <= bound_value u d) by (apply bound_nonneg, Hd).
      assert (M : val (times k (least k p (opposite k p)) (known k d)) <= val p * (z - w)).
      { apply (le_trans _ _ _ _ T1). destruct (total (val p) 0) as [S|S].
        - apply (le_trans _ _ (val p * bound_value u d)); [apply mul_le_r; assumption|].
          apply (le_by ((- val p) * (w + bound_value u d - z))); [apply mul_nonneg; [apply nonpos_opp, S | apply nonneg_sub, Hi] | ring].
        - apply (le_trans _ _ (- val p * bound_value u d)); [apply mul_le_r; assumption|].
          apply (le_by (val p * (z - (w - bound_value u d)))); [apply mul_nonneg; [exact S | apply nonneg_sub, H] | ring]. }
      apply (le_by ((val p * (z - w) - val (times k (least k p (opposite k p)) (known k d)))
                    + (dot val ps zs - (dot val ps ws + val (loss k ds ps))))); [apply add_nonneg; apply nonneg_sub; assumption | ring].
Qed.

Theorem carry_back_ok kn h f x n carried c a b :
  runs net x -> accounted x -> region_ok kn x -> carry_back k u net lost kn h f n carried c = Some (a, b) ->
  dot val a (input x) + val b <= dot val carried (afters x n) + total_value f x n + val c.
Proof.
  intros Run Acc R; revert carried c; induction n as [|i IH]; intros carried c E; cbn [carry_back] in E.
  - injection E as <- <-. cbn [total_value]. rewrite (run_input net x Run).  unfold input. rewrite !add_lists_ok. apply le_eq. ring.
  - assert (E' : exists fs, nth_error kn i = Some fs /\ exists ps t qs s cs d v,
        (nth_error kn (S i) = None -> add_lists k carried (at_after f (S i)) = []) /\
        relu_steps k (at_layer (S i) (alphas h)) 0 (relus (nth i net no_layer)) (nth (S i) kn [])
          (add_lists k carried (at_after f (S i))) = Some (ps, t) /\
        fold_left (beta_step k (nth (S i) kn [])) (at_layer (S i) (betas h))
          (Some (add_lists k ps (at_before f (S i)), plus k c t)) = Some (qs, s) /\
        affine k i (floors net i fs) qs = (cs, d, Some v) /\
        carry_back k u net lost kn h f i cs (plus k (plus k (plus k s (loss k (lost i fs) qs)) d) (known k (v / Zpos u))) = Some (a, b)).
    { assert (Guard : nth_error kn (S i) = None -> add_lists k carried (at_after f (S i)) = [] \/ Some (a, b) = None).
      { intros G. rewrite G in E. destruct (add_lists k carried (at_after f (S i))); [left; reflexivity | right; congruence]. }
      assert (E2 : match relu_steps k (at_layer (S i) (alphas h)) 0 (relus (nth i net no_layer)) (nth (S i) kn [])
                           (add_lists k carried (at_after f (S i))) with
                   | None => None
                   | Some (ps, t) =>
                     match fold_left (beta_step k (nth (S i) kn [])) (at_layer (S i) (betas h))
                             (Some (add_lists k ps (at_before f (S i)), plus k c t)) with
                     | None => None
                     | Some (ps, t) =>
                       match nth_error kn i with
                       | None => None
                       | Some below =>
                         match affine k i (floors net i below) ps with
                         | (_, _, None) => None
                         | (cs, b, Some v) => carry_back k u net lost kn h f i cs (plus k (plus k (plus k t (loss k (lost i below) ps)) b) (known k (v / Zpos u)))
                         end
                       end
                     end
                   end = Some (a, b)).
      { destruct (nth_error kn (S i)); [exact E|]. destruct (add_lists k carried (at_after f (S i))); [exact E | discriminate]. }
      clear E. destruct (relu_steps k _ _ _ _ _) as [[ps t]|] eqn:E3; [|discriminate].
      destruct (fold_left _ _ _) as [[qs s]|] eqn:E4; [|discriminate].
      destruct (nth_error kn i) as [fs|] eqn:E6; [|discriminate].
      destruct (affine k _ _ _) as [[cs d] [v|]] eqn:E5; [|discriminate].
      exists fs. split; [reflexivity|]. exists ps, t, qs, s, cs, d, v. repeat split; auto.
      intros G. destruct (Guard G) as [K|K]; [exact K | discriminate]. }
    clear E. destruct E' as (fs & Ei & ps & t & qs & s & cs & d & v & G & E1 & E2 & E3 & E5).
    specialize (IH _ _ E5). apply (le_trans _ _ _ _ IH). clear IH E5.
    pose proof (affine_ok u net k val good _ _ _ _ _ _ _ (floors_ok _ _ _ _ Run R Ei) E3) as A.
    destruct (Acc i fs (R _ _ Ei)) as [Nonneg Apart]. pose proof (loss_ok _ qs _ _ Nonneg Apart) as Lost.
    cbn [total_value]. rewrite !(plus_ok u net k val good), (known_ok u net k val good).
    assert (V : (bound_value u (v / Zpos u) : F) <= bound_value u v * part u).
    { unfold bound_value. apply mul_le_r; [apply part_nonneg | apply div_le]. }
    assert (B : dot val qs (befores x (S i)) + val s
                <= dot val carried (afters x (S i)) + dot val (at_after f (S i)) (afters x (S i))
                   + dot val (at_before f (S i)) (befores x (S i)) + val c).
    { destruct (nth_error kn (S i)) as [gs|] eqn:En.
      - specialize (R _ _ En). rewrite (nth_error_nth _ _ [] En) in E1, E2.
        pose proof (relu_steps_ok _ _ _ _ _ _ _ _ R E1) as K1. pose proof (betas_ok _ _ _ _ _ _ _ R E2) as K2.
        rewrite !add_lists_ok in *. rewrite (plus_ok u net k val good) in K2. rewrite <- (run_relu net x Run) in K1.
        apply (le_trans _ _ _ _ K2).
        apply (le_by ((dot val carried (afters x (S i)) + dot val (at_after f (S i)) (afters x (S i)))
                      - (dot val ps (befores x (S i)) + val t))); [apply nonneg_sub, K1 | ring].
      - specialize (G eq_refl). pose proof (add_lists_ok carried (at_after f (S i)) (afters x (S i))) as Z. rewrite G in Z. cbn [dot] in Z.
        rewrite G in E1. cbn [relu_steps] in E1. injection E1 as <- <-.
        assert (Nil : nth (S i) kn [] = []) by (apply nth_overflow, nth_error_None, En). rewrite Nil in E2.
        assert (S2 : qs = at_before f (S i) /\ s = plus k c (none k)).
        { destruct (at_layer (S i) (betas h)) as [|[[j up] m] bs]; cbn [fold_left] in E2.
          - cbn [add_lists] in E2. injection E2 as <- <-. auto.
          - exfalso. cbn [beta_step] in E2.
            assert (Dead : forall bs, fold_left (beta_step k []) bs None = None) by (clear; induction bs; auto).
            destruct (Qnum m <? 0)%Z; [|destruct j; cbn [nth_error] in E2]; rewrite Dead in E2; discriminate. }
        destruct S2 as [-> ->]. rewrite (plus_ok u net k val good), (none_ok u net k val good), <- Z. apply le_eq. ring. }
    set (exact := pre (nth i net no_layer) (afters x i)) in *.
    match goal with |- ?l <= ?r =>
      apply (le_by ((bound_value u v * part u - bound_value u (v / Zpos u))
        + (dot val qs exact - (dot val cs (afters x i) + val d + bound_value u v * part u))
        + (dot val qs (befores x (S i)) - (dot val qs exact + val (loss k (lost i fs) qs)))
        + ((dot val carried (afters x (S i)) + dot val (at_after f (S i)) (afters x (S i))
                   + dot val (at_before f (S i)) (befores x (S i)) + val c) - (dot val qs (befores x (S i)) + val s)))) end.
    + repeat apply add_nonneg; apply nonneg_sub; assumption.
    + ring.
Qed.

Lemma total_unit n i (upper : bool) (x : execution F) top :
  (n <= top)%nat -> total_value (unit_function k n i upper) x top = of_Z (if upper then -1 else 1) * nth i (befores x n) 0.
Proof.
  set (f := unit_function k n i upper).
  assert (One : forall j c (zs : list F), dot val (repeat (none k) j ++ [c]) zs = val c * nth j zs 0).
  { clear - good. induction j as [|j IH]; intros c [|z zs]; cbn [repeat app dot nth]; rewrite ?IH, ?(none_ok u net k val good); ring. }
  assert (A : forall m (zs : list F), dot val (at_after f m) zs = 0) by reflexivity.
  assert (B : forall m (zs : list F), dot val (at_before f m) zs = if Nat.eqb m n then of_Z (if upper then -1 else 1) * nth i zs 0 else 0).
  { intros m zs. unfold f, unit_function; cbn [at_before].
    destruct (Nat.eqb m n); [rewrite One, (whole_ok u net k val good) | cbn [dot]]; reflexivity. }
  clearbody f.
  assert (Rest : forall m, (m < n)%nat -> total_value f x m = 0).
  { induction m as [|m IH]; intros H; cbn [total_value]; rewrite A, B; 
      match goal with |- context [Nat.eqb ?j n] => destruct (Nat.eqb_spec j n); [lia|] end; [ring | rewrite IH by lia; ring]. }
  induction top as [|top IH]; intros H; cbn [total_value]; rewrite A, B.
  - destruct (Nat.eqb_spec 0 n) as [<-|]; [ring | lia].
  - destruct (Nat.eqb_spec (S top) n) as [<-|]; [rewrite Rest by lia; ring | rewrite IH by lia; ring].
Qed.

(** A lower bound of z or of - z as a function of the inputs. *)
Theorem unit_back_ok kn h x n i (upper : bool) top a b :
  runs net x -> accounted x -> region_ok kn x -> (n <= top)%nat -> carry_back k u net lost kn h (unit_function k n i upper) top [] (none k) = Some (a, b) ->
  dot val a (input x) + val b <= of_Z (if upper then -1 else 1) * nth i (befores x n) 0.
Proof.
  intros Run Acc R T E. pose proof (carry_back_ok _ _ _ _ _ _ _ _ _ Run Acc R E) as K. rewrite total_unit in K by exact T. cbn [dot] in K.
  rewrite (none_ok u net k val good) in K. apply (le_trans _ _ _ _ K), le_eq. ring.
Qed.
End Sound.
