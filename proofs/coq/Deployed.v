(** Float programs: for every execution in which each unit is computed with a bounded rounding error, whatever the order of its additions,
    an accepted certificate excludes the property.  [Rounding] shows that trees of rounded additions have such errors. *)
From Coq Require Import List ZArith QArith Ring Lia Bool.
From Exactzones Require Import Numbers Linear Network Kinds Execution Backward Rounded Regions Certificate.
Import ListNotations.
Local Open Scope Z_scope.

(** The roundings of a layer: a unit's value z satisfies |z - (w . a + b)| <= g (M . |a| + m) + f, where M and m are rows of
    [magnitudes]. No intermediate value exceeds the bound (1 + g) (M . |a| + m) + f by more than the factor [peak]. *)
Record rounding := Rounding { magnitudes : layer; relative : list Q; flushed : list Q; peak : Q }.

(** The bound on the relative error after several roundings of two formats, whose relative errors are at most 1 / p and 1 / s. *)
Definition relative_error (p s : positive) (products sums : Z) : option Q :=
  let n := products * Zpos s + sums * Zpos p in
  if (0 <=? n) && (2 * n <=? Zpos (p * s)) then Some (Qmake n (Z.to_pos (Zpos (p * s) - n))) else None.

Definition unit_rounding := ((list Z * Z) * (Q * Q))%type.
Definition units_of (rd : rounding) : list unit_rounding :=
  combine (combine (weights (magnitudes rd)) (biases (magnitudes rd))) (combine (relative rd) (flushed rd)).

Section Compute.
Variable u : positive.
Variable grid : positive.

Definition error_row (m : layer) (ur : unit_rounding) : list Z * Z :=
  let '((ws, b), (g, f)) := ur in
  (map (fun w => div_up (Qnum g * w * Zpos grid) (Qden g * weight_den m)) ws,
   div_up ((Qnum g * b * Zpos (Qden f) + Qnum f * Zpos (Qden g) * Zpos (bias_den m)) * Zpos grid) (Qden g * bias_den m * Qden f)).
Definition unit_size (m : layer) (ts : list Z) (ur : unit_rounding) : Z :=
  let '((ws, b), (g, f)) := ur in
  div_up ((Zpos (Qden g) + Qnum g) * (z_dot ws ts * Zpos (bias_den m) + b * Zpos u * Zpos (weight_den m)) * Zpos (Qden f)
          + Qnum f * Zpos u * Zpos (Qden g) * Zpos (weight_den m) * Zpos (bias_den m))
         (Qden g * weight_den m * bias_den m * Qden f).

(** Whether the magnitudes are not less than the weights and the bias, and the errors not negative. *)
Fixpoint covers (d e : positive) (ws ms : list Z) : bool :=
  match ws, ms with
  | w :: ws', m :: ms' => (Z.abs w * Zpos e <=? m * Zpos d) && covers d e ws' ms'
  | [], [] => true
  | _, _ => false
  end.
Definition unit_fits (l m : layer) (wb : list Z * Z) (ur : unit_rounding) : bool :=
  covers (weight_den l) (weight_den m) (fst wb) (fst (fst ur)) &&
  (Z.abs (snd wb) * Zpos (bias_den m) <=? snd (fst ur) * Zpos (bias_den l)) &&
  (0 <=? Qnum (fst (snd ur))) && (0 <=? Qnum (snd (snd ur))).
Fixpoint all_fit (l m : layer) (wbs : list (list Z * Z)) (urs : list unit_rounding) : bool :=
  match wbs, urs with
  | wb :: wbs', ur :: urs' => unit_fits l m wb ur && all_fit l m wbs' urs'
  | [], [] => true
  | _, _ => false
  end.
Definition fits (l : layer) (rd : rounding) : bool :=
  Nat.eqb (length (relus l)) (width l) && all_fit l (magnitudes rd) (combine (weights l) (biases l)) (units_of rd).

(** The errors of all layers, if the numbers stay below the largest one of the format. *)
Fixpoint noises_of (largest : Z) (net : list layer) (rds : list rounding) (ts : list Z) : option (list noise) :=
  match net, rds with
  | [], [] => Some []
  | l :: net', rd :: rds' =>
      let next := map (unit_size (magnitudes rd) ts) (units_of rd) in
      if fits l rd && forallb (fun s => s * Qnum (peak rd) <? largest * Zpos u * Zpos (Qden (peak rd))) next
      then option_map (cons (Noise grid (map (error_row (magnitudes rd)) (units_of rd)) ts)) (noises_of largest net' rds' next)
      else None
  | _, _ => None
  end.

(** Bounds on the inputs' absolute values. *)
Fixpoint input_sizes (fs : list fact) : option (list Z) :=
  match fs with
  | [] => Some []
  | (Some l, Some h) :: fs' => option_map (cons (Z.max (Z.abs l) (Z.abs h))) (input_sizes fs')
  | _ => None
  end.
(** The claim about the float program: the claim, with the errors of its layers. *)
Definition deploy (largest : Z) (rds : list rounding) (cl : claim) : option claim :=
  match input_sizes (nth 0 (start u cl) []) with
  | None => None
  | Some ts =>
      option_map (Claim (network cl) (inputs cl) (domain cl) (strict_rows cl) (conditions cl)) (noises_of largest (network cl) rds ts)
  end.
End Compute.

Section Sound.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.
Variable u : positive.
Variable grid : positive.

Definition absolute (z : F) : F := if total z 0 then - z else z.
Lemma absolute_le z e : - e <= z -> z <= e -> absolute z <= e.
Proof.
  intros L H. unfold absolute. destruct (total z 0); [|exact H].
  apply (le_by (z - - e)); [apply nonneg_sub, L | ring].
Qed.
Lemma absolute_nonneg z : 0 <= absolute z.
Proof. unfold absolute. destruct (total z 0) as [H|H]; [apply nonpos_opp, H | exact H]. Qed.
Lemma absolute_above z : z <= absolute z.
Proof.
  unfold absolute. destruct (total z 0) as [H|H]; [|apply le_refl]. apply (le_trans _ _ _ _ H), nonpos_opp, H.
Qed.
Lemma absolute_below z : - absolute z <= z.
Proof.
  unfold absolute. destruct (total z 0) as [H|H]; [apply le_eq; ring|].
  apply (le_trans _ _ 0); [|exact H]. apply (le_by z); [exact H | ring].
Qed.

(** ** The model *)
Definition unit_error_bound (m : layer) (a : list F) (ur : unit_rounding) : F :=
  q_value (fst (snd ur)) * unit_pre m (fst ur) (map absolute a) + q_value (snd (snd ur)).
Fixpoint close (es zs ws : list F) : Prop :=
  match es, zs, ws with
  | e :: es', z :: zs', w :: ws' => w - e <= z /\ z <= w + e /\ close es' zs' ws'
  | [], [], [] => True
  | _, _, _ => False
  end.
(** Each layer's pre-activations are computed within the errors of its roundings. *)
Definition rounds (net : list layer) (rds : list rounding) (r : execution F) : Prop :=
  forall i rd, nth_error rds i = Some rd ->
  close (map (unit_error_bound (magnitudes rd) (afters r i)) (units_of rd)) (befores r (S i)) (pre (nth i net no_layer) (afters r i)).

(** ** Sizes *)
Definition size_ok (t : Z) (v : F) : Prop := absolute v <= bound_value u t.

Lemma div_up_ok a d : of_Z a * part d <= (of_Z (div_up a d) : F).
Proof.
  unfold div_up. rewrite of_Z_opp. pose proof (div_le (- a) d : (of_Z (- a / Zpos d) : F) <= _) as H. rewrite of_Z_opp in H.
  apply opp_le in H. apply (le_trans _ _ (- (- of_Z a * part d))); [apply le_eq; ring | exact H].
Qed.

Lemma dot_bounds ws ts : dot of_Z ws (map (bound_value u) ts) = (of_Z (z_dot ws ts) * part u : F).
Proof.
  revert ts; induction ws as [|w ws IH]; intros [|t ts]; cbn [dot map z_dot]; try (rewrite of_Z_0; ring).
  rewrite IH, of_Z_add, of_Z_mul. unfold bound_value. ring.
Qed.

Lemma dot_sizes ms ts (a : list F) :
  Forall (Z.le 0) ms -> Forall2 size_ok ts a -> dot of_Z ms (map absolute a) <= of_Z (z_dot ms ts) * part u.
Proof.
  intros M H. rewrite <- dot_bounds. revert ms M; induction H as [|t v ts a S H IH]; intros [|m ms] M; cbn [dot map]; try apply le_refl.
  inversion M; subst. apply add_le; [apply mul_le_l; [apply of_Z_nonneg; assumption | exact S] | apply IH; assumption].
Qed.

(** |w| / d <= m / e *)
Lemma ratio_le w m d e : (w * Zpos e <= m * Zpos d)%Z -> of_Z w * part d <= (of_Z m * part e : F).
Proof.
  intros H. apply (cancel (d * e)). rewrite Pos2Z.inj_mul, of_Z_mul.
  replace (of_Z (Zpos d) * of_Z (Zpos e) * (of_Z w * part d)) with (of_Z w * of_Z (Zpos e) * (of_Z (Zpos d) * part d) : F) by ring.
  replace (of_Z (Zpos d) * of_Z (Zpos e) * (of_Z m * part e)) with (of_Z m * of_Z (Zpos d) * (of_Z (Zpos e) * part e) : F) by ring.
  rewrite !part_ok, <- !of_Z_mul. apply (le_trans _ _ (of_Z (w * Zpos e))); [apply le_eq; ring|].
  apply (le_trans _ _ (of_Z (m * Zpos d))); [apply of_Z_le, H | apply le_eq; ring].
Qed.

Lemma covers_nonneg d e ws ms : covers d e ws ms = true -> Forall (Z.le 0) ms.
Proof.
  revert ms; induction ws as [|w ws IH]; intros [|m ms] C; cbn [covers] in C; try discriminate; [constructor|].
  apply andb_true_iff in C as [C1 C2]. apply Z.leb_le in C1. constructor; [nia | apply IH, C2].
Qed.

(** |w . a| / d <= M . |a| / e *)
Lemma covers_ok d e ws ms (a : list F) :
  covers d e ws ms = true ->
  - (dot of_Z ms (map absolute a) * part e) <= dot of_Z ws a * part d /\
  dot of_Z ws a * part d <= dot of_Z ms (map absolute a) * part e.
Proof.
  revert ms a; induction ws as [|w ws IH]; intros [|m ms] a C; cbn [covers] in C; try discriminate.
  - cbn [dot]. split; apply le_eq; ring.
  - apply andb_true_iff in C as [C1 C2]. apply Z.leb_le in C1. destruct a as [|v a]; cbn [dot map]; [split; apply le_eq; ring|].
    destruct (IH ms a C2) as [I1 I2]. clear IH.
    assert (Up : of_Z w * part d <= (of_Z m * part e : F)) by (apply ratio_le; nia).
    assert (Lo : - (of_Z m * part e) <= (of_Z w * part d : F)).
    { apply (le_trans _ _ (- (of_Z (- w) * part d))); [apply opp_le, ratio_le; nia | rewrite of_Z_opp; apply le_eq; ring]. }
    assert (One : - (of_Z m * absolute v * part e) <= of_Z w * v * part d /\ of_Z w * v * part d <= of_Z m * absolute v * part e).
    { unfold absolute. destruct (total v 0) as [V|V].
      - apply nonpos_opp in V. split.
        + apply (le_by ((of_Z m * part e - of_Z w * part d) * - v)); [apply mul_nonneg; [apply nonneg_sub, Up | exact V] | ring].
        + apply (le_by ((of_Z w * part d - - (of_Z m * part e)) * - v)); [apply mul_nonneg; [apply nonneg_sub, Lo | exact V] | ring].
      - split.
        + apply (le_by ((of_Z w * part d - - (of_Z m * part e)) * v)); [apply mul_nonneg; [apply nonneg_sub, Lo | exact V] | ring].
        + apply (le_by ((of_Z m * part e - of_Z w * part d) * v)); [apply mul_nonneg; [apply nonneg_sub, Up | exact V] | ring]. }
    destruct One as [O1 O2]. split.
    + apply (le_trans _ _ (- (of_Z m * absolute v * part e) + - (dot of_Z ms (map absolute a) * part e))); [apply le_eq; ring|].
      apply (le_trans _ _ (of_Z w * v * part d + dot of_Z ws a * part d)); [apply add_le; assumption | apply le_eq; ring].
    + apply (le_trans _ _ (of_Z w * v * part d + dot of_Z ws a * part d)); [apply le_eq; ring|].
      apply (le_trans _ _ (of_Z m * absolute v * part e + dot of_Z ms (map absolute a) * part e)); [apply add_le; assumption | apply le_eq; ring].
Qed.

(** |w . a + b| <= M . |a| + m *)
Lemma unit_fits_ok l m wb ur (a : list F) :
  unit_fits l m wb ur = true ->
  absolute (unit_pre l wb a) <= unit_pre m (fst ur) (map absolute a) /\
  0 <= (q_value (fst (snd ur)) : F) /\ 0 <= (q_value (snd (snd ur)) : F) /\ Forall (Z.le 0) (fst (fst ur)) /\ (0 <= snd (fst ur))%Z.
Proof.
  unfold unit_fits. intros H. apply andb_true_iff in H as [H Hf]. apply andb_true_iff in H as [H Hg]. apply andb_true_iff in H as [Hw Hb].
  apply Z.leb_le in Hf, Hg, Hb. destruct (covers_ok _ _ _ _ a Hw) as [W1 W2].
  split; [|split; [apply mul_nonneg; [apply of_Z_nonneg, Hg | apply part_nonneg] |
           split; [apply mul_nonneg; [apply of_Z_nonneg, Hf | apply part_nonneg] | split; [exact (covers_nonneg _ _ _ _ Hw) | nia]]]].
  assert (B2 : of_Z (snd wb) * part (bias_den l) <= (of_Z (snd (fst ur)) * part (bias_den m) : F)) by (apply ratio_le; nia).
  assert (B1 : - (of_Z (snd (fst ur)) * part (bias_den m)) <= (of_Z (snd wb) * part (bias_den l) : F)).
  { apply (le_trans _ _ (- (of_Z (- snd wb) * part (bias_den l)))); [apply opp_le, ratio_le; nia | rewrite of_Z_opp; apply le_eq; ring]. }
  unfold unit_pre. apply absolute_le.
  - apply (le_trans _ _ (- (dot of_Z (fst (fst ur)) (map absolute a) * part (weight_den m)) + - (of_Z (snd (fst ur)) * part (bias_den m))));
      [apply le_eq; ring | apply add_le; assumption].
  - apply add_le; assumption.
Qed.

Lemma part_one (d : positive) (a : F) : a = of_Z (Zpos d) * a * part d.
Proof. replace (of_Z (Zpos d) * a * part d) with ((of_Z (Zpos d) * part d) * a : F) by ring. rewrite part_ok. ring. Qed.

(** The rows of errors are not smaller than the errors. *)
Lemma error_row_ok m ur (ts : list Z) (a : list F) :
  Forall2 size_ok ts a -> 0 <= (q_value (fst (snd ur)) : F) -> Forall (Z.le 0) (fst (fst ur)) -> (0 <= Qnum (fst (snd ur)))%Z ->
  unit_error_bound m a ur <= bound_value u (unit_error u grid ts (error_row grid m ur)).
Proof.
  destruct ur as [[ws b] [g f]]; cbn [fst snd]. intros S G W Gn. unfold unit_error_bound, unit_error; cbn [fst snd error_row].
  set (rs := map (fun w => div_up (Qnum g * w * Zpos grid) (Qden g * weight_den m)) ws).
  set (c := div_up _ (Qden g * bias_den m * Qden f)).
  assert (Rows : q_value g * (dot of_Z ws (map absolute a) * part (weight_den m)) <= dot of_Z rs (map absolute a) * part grid).
  { unfold rs. clear rs c S. revert a; induction W as [|w ws W0 W IH]; intros [|v a]; cbn [map dot]; try (apply le_eq; ring).
    apply (le_trans _ _ (q_value g * part (weight_den m) * of_Z w * absolute v + q_value g * (dot of_Z ws (map absolute a) * part (weight_den m))));
      [apply le_eq; ring|].
    apply (le_trans _ _ (of_Z (div_up (Qnum g * w * Zpos grid) (Qden g * weight_den m)) * part grid * absolute v
                         + dot of_Z (map (fun w => div_up (Qnum g * w * Zpos grid) (Qden g * weight_den m)) ws) (map absolute a) * part grid));
      [|apply le_eq; ring].
    apply add_le; [|apply IH]. apply mul_le_r; [apply absolute_nonneg|].
    apply (le_trans _ _ (of_Z (Qnum g * w * Zpos grid) * part (Qden g * weight_den m) * part grid));
      [|apply mul_le_r; [apply part_nonneg | apply div_up_ok]].
    rewrite !of_Z_mul, part_mul. unfold q_value. rewrite (part_one grid (of_Z (Qnum g) * part (Qden g) * part (weight_den m) * of_Z w)).
    apply le_eq. ring. }
  assert (Const : q_value g * (of_Z b * part (bias_den m)) + q_value f <= (of_Z c * part grid : F)).
  { unfold c. match goal with |- context [of_Z (div_up ?n ?d)] => apply (le_trans F _ (of_Z n * part d * part grid)) end;
      [|apply mul_le_r; [apply part_nonneg | apply div_up_ok]].
    rewrite !of_Z_mul, of_Z_add, !of_Z_mul, !part_mul. unfold q_value.
    match goal with |- @le F ?l _ => rewrite (part_one grid l) end.
    match goal with |- context [@mul F _ (@add F ?x ?y)] => rewrite (part_one (Qden f) x), (part_one (Qden g) y), (part_one (bias_den m) (of_Z (Zpos (Qden g)) * y * part (Qden g))) end.
    apply le_eq. ring. }
  apply (le_trans _ _ (q_value g * (dot of_Z ws (map absolute a) * part (weight_den m)) + (q_value g * (of_Z b * part (bias_den m)) + q_value f)));
    [unfold unit_pre; cbn [fst snd]; apply le_eq; ring|].
  apply (le_trans _ _ (dot of_Z rs (map absolute a) * part grid + of_Z c * part grid)); [apply add_le; assumption|].
  assert (Pos : Forall (Z.le 0) rs).
  { unfold rs. apply Forall_map. apply Forall_impl with (2 := W). intros w W0. unfold div_up.
    assert (- (Qnum g * w * Zpos grid) / Zpos (Qden g * weight_den m) <= 0)%Z by (apply Z.div_le_upper_bound; nia). lia. }
  pose proof (dot_sizes rs ts a Pos S) as D.
  apply (le_trans _ _ (of_Z (z_dot rs ts) * part u * part grid + of_Z c * part grid)).
  { apply add_le; [apply mul_le_r; [apply part_nonneg | exact D] | apply le_refl]. }
  apply (le_trans _ _ (bound_value u (div_up (c * Zpos u + z_dot rs ts) grid))); [|apply bound_le; lia].
  apply (le_trans _ _ (of_Z (c * Zpos u + z_dot rs ts) * part grid * part u)); [|apply mul_le_r; [apply part_nonneg | apply div_up_ok]].
  rewrite of_Z_add, of_Z_mul. rewrite (part_one u (of_Z c * part grid)). apply le_eq. ring.
Qed.

(** The computed value's size. *)
Lemma unit_size_ok m ur (ts : list Z) (a : list F) (z w : F) :
  Forall2 size_ok ts a -> 0 <= (q_value (fst (snd ur)) : F) -> Forall (Z.le 0) (fst (fst ur)) ->
  absolute w <= unit_pre m (fst ur) (map absolute a) -> w - unit_error_bound m a ur <= z -> z <= w + unit_error_bound m a ur ->
  size_ok (unit_size u m ts ur) z.
Proof.
  destruct ur as [[ws b] [g f]]; cbn [fst snd]. intros S G W A L H. unfold size_ok, unit_size.
  unfold unit_error_bound in *; cbn [fst snd] in *. set (v := unit_pre m (ws, b) (map absolute a)) in *.
  assert (Z : absolute z <= (1 + q_value g) * v + q_value f).
  { apply absolute_le.
    - apply (le_trans _ _ (- absolute w - (q_value g * v + q_value f))).
      + apply (le_by (v - absolute w)); [apply nonneg_sub, A | ring].
      + apply (le_trans _ _ (w - (q_value g * v + q_value f))); [|exact L].
        apply (le_by (w - - absolute w)); [apply nonneg_sub, absolute_below | ring].
    - apply (le_trans _ _ _ _ H). apply (le_trans _ _ (absolute w + (q_value g * v + q_value f))).
      + apply add_le; [apply absolute_above | apply le_refl].
      + apply (le_by (v - absolute w)); [apply nonneg_sub, A | ring]. }
  apply (le_trans _ _ _ _ Z). clear Z L H A w z.
  assert (V : v <= (of_Z (z_dot ws ts) * part u) * part (weight_den m) + of_Z b * part (bias_den m)).
  { unfold v, unit_pre; cbn [fst snd]. apply add_le; [|apply le_refl]. apply mul_le_r; [apply part_nonneg | apply dot_sizes; assumption]. }
  apply (le_trans _ _ ((1 + q_value g) * ((of_Z (z_dot ws ts) * part u) * part (weight_den m) + of_Z b * part (bias_den m)) + q_value f)).
  { apply add_le; [|apply le_refl]. apply mul_le_l; [|exact V].
    apply (le_trans _ _ (0 + 0)); [apply le_eq; ring | apply add_le; [rewrite <- of_Z_1; apply of_Z_nonneg; lia | exact G]]. }
  unfold bound_value.
  match goal with |- context [of_Z (div_up ?n ?d)] => apply (le_trans F _ (of_Z n * part d * part u)) end;
    [|apply mul_le_r; [apply part_nonneg | apply div_up_ok]].
  rewrite of_Z_add, !of_Z_mul, !of_Z_add, !of_Z_mul, !part_mul. unfold q_value.
  set (wd := weight_den m). set (bd := bias_den m). set (D := z_dot ws ts).
  assert (One : (1 + of_Z (Qnum g) * part (Qden g) : F) = (of_Z (Zpos (Qden g)) + of_Z (Qnum g)) * part (Qden g)).
  { replace ((of_Z (Zpos (Qden g)) + of_Z (Qnum g)) * part (Qden g)) with (of_Z (Zpos (Qden g)) * part (Qden g) + of_Z (Qnum g) * part (Qden g) : F) by ring.
    rewrite part_ok. ring. }
  rewrite One.
  rewrite (part_one bd (of_Z D * part u * part wd)), (part_one wd (of_Z b * part bd)), (part_one u (of_Z (Zpos wd) * (of_Z b * part bd) * part wd)).
  match goal with |- @le F (@add F (@mul F ?x ?y) ?z) _ => rewrite (part_one (Qden f) (x * y)), (part_one u z), (part_one (Qden g) (of_Z (Zpos u) * z * part u)),
     (part_one wd (of_Z (Zpos (Qden g)) * (of_Z (Zpos u) * z * part u) * part (Qden g))),
     (part_one bd (of_Z (Zpos wd) * (of_Z (Zpos (Qden g)) * (of_Z (Zpos u) * z * part u) * part (Qden g)) * part wd)) end.
  apply le_eq. ring.
Qed.

(** ** Layers *)
Lemma layer_sizes l m wbs urs ts (a zs : list F) :
  all_fit l m wbs urs = true -> Forall2 size_ok ts a ->
  close (map (unit_error_bound m a) urs) zs (map (fun wb => unit_pre l wb a) wbs) -> Forall2 size_ok (map (unit_size u m ts) urs) zs.
Proof.
  intros Fit S; revert urs zs Fit; induction wbs as [|wb wbs IH]; intros [|ur urs] [|z zs] Fit C; cbn [all_fit map close] in *;
    try discriminate; try contradiction; constructor; apply andb_true_iff in Fit as [Fit Rest]; destruct C as (L & H & C).
  - destruct (unit_fits_ok _ _ _ _ a Fit) as (A & G & _ & W & _). exact (unit_size_ok m ur ts a z _ S G W A L H).
  - exact (IH _ _ Rest C).
Qed.

Lemma layer_errors l m wbs urs ts (a zs : list F) :
  all_fit l m wbs urs = true -> Forall2 size_ok ts a ->
  close (map (unit_error_bound m a) urs) zs (map (fun wb => unit_pre l wb a) wbs) ->
  apart u (map (unit_error u grid ts) (map (error_row grid m) urs)) zs (map (fun wb => unit_pre l wb a) wbs).
Proof.
  intros Fit S; revert urs zs Fit; induction wbs as [|wb wbs IH]; intros [|ur urs] [|z zs] Fit C; cbn [all_fit map close apart hd tl] in *;
    try discriminate; try contradiction; auto; apply andb_true_iff in Fit as [Fit Rest]; destruct C as (L & H & C).
  destruct (unit_fits_ok _ _ _ _ a Fit) as (A & G & _ & W & _).
  assert (Gn : (0 <= Qnum (fst (snd ur)))%Z).
  { unfold unit_fits in Fit. apply andb_true_iff in Fit as [Fit _]. apply andb_true_iff in Fit as [_ Fit]. apply Z.leb_le, Fit. }
  pose proof (error_row_ok m ur ts a S G W Gn) as E. split; [|split].
  - apply (le_trans _ _ (unit_pre l wb a - unit_error_bound m a ur)); [|exact L].
    apply (le_by (bound_value u (unit_error u grid ts (error_row grid m ur)) - unit_error_bound m a ur)); [apply nonneg_sub, E | ring].
  - apply (le_trans _ _ _ _ H), le_add, E.
  - exact (IH _ _ Rest C).
Qed.

(** ** What a region knows *)
Lemma size_min (s t : Z) (v : F) : size_ok s v -> size_ok t v -> size_ok (Z.min s t) v.
Proof. intros A B. destruct (Z.min_spec s t) as [[_ ->]|[_ ->]]; assumption. Qed.

Lemma size_of_bounds l h (v : F) : fact_ok u (Some l, Some h) v -> size_ok (Z.max (Z.abs l) (Z.abs h)) v.
Proof.
  intros [L H]; cbn [fst snd] in *. unfold size_ok. apply absolute_le.
  - apply (le_trans _ _ (bound_value u l)); [|exact L].
    apply (le_trans _ _ (bound_value u (- Z.max (Z.abs l) (Z.abs h)))); [unfold bound_value; rewrite of_Z_opp; apply le_eq; ring|].
    apply bound_le. lia.
  - apply (le_trans _ _ _ _ H), bound_le. lia.
Qed.

Lemma size_of_value f t (v : F) : fact_ok u f v -> size_ok t v -> size_ok (size_of false f t) v.
Proof. destruct f as [[l|] [h|]]; cbn [size_of]; auto. intros H S. apply size_min; [exact S | exact (size_of_bounds _ _ _ H)]. Qed.

Lemma size_of_relu f t (z : F) : fact_ok u f z -> size_ok t (relu z) -> size_ok (size_of true f t) (relu z).
Proof.
  destruct f as [low [h|]]; cbn [size_of]; auto. intros [_ H] S; cbn [fst snd] in *.
  assert (K : size_ok (Z.max h 0) (relu z)).
  { assert (Zero : (0 : F) <= bound_value u (Z.max h 0)) by (apply bound_nonneg; lia).
    unfold size_ok. apply absolute_le.
    - apply (le_trans _ _ 0); [|apply relu_nonneg]. apply (le_by (bound_value u (Z.max h 0))); [exact Zero | ring].
    - unfold relu. destruct (total z 0); [exact Zero|]. apply (le_trans _ _ _ _ H), bound_le. lia. }
  destruct low; apply size_min; assumption.
Qed.

Lemma region_sizes_inputs fs all (a : list F) :
  Forall2 (fact_ok u) fs a -> Forall2 size_ok all a -> Forall2 size_ok (region_sizes [] fs all) a.
Proof.
  intros H; revert all; induction H as [|f v fs a Hf H IH]; intros all S; inversion S; subst; cbn [region_sizes hd tl]; constructor;
    auto using size_of_value.
Qed.

Lemma region_sizes_relus ms fs all (zs : list F) :
  Forall2 (fact_ok u) fs zs -> Forall2 size_ok all (activate ms zs) -> Forall2 size_ok (region_sizes ms fs all) (activate ms zs).
Proof.
  intros H; revert ms all; induction H as [|f z fs zs Hf H IH]; intros [|m ms] all S; cbn [activate] in *;
    inversion S; subst; cbn [region_sizes hd tl]; constructor; auto.
  destruct m; [apply size_of_relu | apply size_of_value]; assumption.
Qed.

Lemma relu_sizes ms ts (zs : list F) : length ms = length zs -> Forall2 size_ok ts zs -> Forall2 size_ok ts (activate ms zs).
Proof.
  intros E H; revert ms E; induction H as [|t z ts zs S H IH]; intros [|m ms] E; cbn [activate length] in *; try discriminate; constructor.
  - destruct m; [|exact S]. unfold size_ok, relu in *. destruct (total z 0) as [Z|Z]; [|exact S].
    apply (le_trans _ _ (absolute z)); [|exact S]. apply (le_trans _ _ 0); [|apply absolute_nonneg].
    apply absolute_le; apply le_eq; ring.
  - apply IH. congruence.
Qed.

(** ** Networks *)
Lemma noises_ok largest (r : execution F) net rds ts ns from :
  noises_of u grid largest net rds ts = Some ns ->
  (forall i, afters r (S (from + i)) = activate (relus (nth i net no_layer)) (befores r (S (from + i)))) ->
  (forall i, length (befores r (S (from + i))) = width (nth i net no_layer)) ->
  (forall i rd, nth_error rds i = Some rd ->
   close (map (unit_error_bound (magnitudes rd) (afters r (from + i))) (units_of rd)) (befores r (S (from + i)))
     (pre (nth i net no_layer) (afters r (from + i)))) ->
  Forall2 size_ok ts (afters r from) ->
  length ns = length net /\
  forall i n, nth_error ns i = Some n ->
  exists rd, nth_error rds i = Some rd /\ fits (nth i net no_layer) rd = true /\
    grid = Rounded.grid n /\ error_rows n = map (error_row grid (magnitudes rd)) (units_of rd) /\ Forall2 size_ok (sizes n) (afters r (from + i)).
Proof.
  revert rds ts ns from; induction net as [|l net IH]; intros [|rd rds] ts ns from E Act Wid Rd S; cbn [noises_of] in E; try discriminate.
  - injection E as <-. split; [reflexivity|]. intros [|i] n; discriminate.
  - destruct (fits l rd) eqn:Fit; [|discriminate]. cbn [andb] in E.
    destruct (forallb _ _); [|discriminate].
    destruct (noises_of u grid largest net rds _) as [ns'|] eqn:E'; [|discriminate]. cbn [option_map] in E. injection E as <-.
    pose proof Fit as Fit'. unfold fits in Fit'. apply andb_true_iff in Fit' as [Len All]. apply Nat.eqb_eq in Len.
    pose proof (Rd O rd eq_refl) as C. cbn [nth] in C. rewrite Nat.add_0_r in C. pose proof (layer_sizes _ _ _ _ _ _ _ All S C) as S'.
    destruct (IH rds _ ns' (Datatypes.S from) E') as [L' H'].
    + intros i. specialize (Act (Datatypes.S i)). cbn [nth] in Act. rewrite Nat.add_succ_r in Act. exact Act.
    + intros i. specialize (Wid (Datatypes.S i)). cbn [nth] in Wid. rewrite Nat.add_succ_r in Wid. exact Wid.
    + intros i rd' N. specialize (Rd (Datatypes.S i) rd' N). cbn [nth] in Rd. rewrite Nat.add_succ_r in Rd. exact Rd.
    + specialize (Act O). cbn [nth] in Act. rewrite Nat.add_0_r in Act. rewrite Act. apply relu_sizes; [|exact S'].
      specialize (Wid O). cbn [nth] in Wid. rewrite Nat.add_0_r in Wid. congruence.
    + split; [cbn [length]; congruence|]. intros [|i] n N; cbn [nth_error nth] in *.
      * injection N as <-. exists rd. rewrite Nat.add_0_r. auto.
      * rewrite Nat.add_succ_r. exact (H' i n N).
Qed.

Lemma input_sizes_ok fs ts (x : list F) : Forall2 (fact_ok u) fs x -> input_sizes fs = Some ts -> Forall2 size_ok ts x.
Proof.
  intros H; revert ts; induction H as [|f v fs x Hf H IH]; intros ts E; cbn [input_sizes] in E; [injection E as <-; constructor|].
  destruct f as [[l|] [h|]]; try discriminate. destruct (input_sizes fs) as [ts'|]; [|discriminate]. injection E as <-.
  constructor; [exact (size_of_bounds _ _ _ Hf) | apply IH; reflexivity].
Qed.

(** The checker accounts for the errors of every execution that is computed within its roundings. *)
Theorem deployed_accounted largest rds cl cl' (r : execution F) :
  deploy u grid largest rds cl = Some cl' -> runs (network cl) r -> rounds (network cl) rds r -> in_domain cl (input r) ->
  accounted u (network cl') (lost_of u (network cl') (noises cl')) r.
Proof.
  intros E Run Rd D. unfold deploy in E. pose proof (start_ok u cl r Run D) as K.
  destruct (input_sizes (nth 0 (start u cl) [])) as [ts|] eqn:T; [|discriminate].
  destruct (noises_of u grid largest (network cl) rds ts) as [ns|] eqn:N; [|discriminate]. injection E as <-. cbn [network noises].
  assert (S0 : Forall2 size_ok ts (afters r 0)).
  { rewrite (run_input _ _ Run). destruct (nth_error (start u cl) 0) as [fs|] eqn:N0.
    - rewrite (nth_error_nth _ _ [] N0) in T. exact (input_sizes_ok _ _ _ (K _ _ N0) T).
    - exfalso. assert (Len : forall rs kn, kn <> [] -> fold_left (box_row u) rs kn <> []).
      { induction rs as [|row rs IH]; intros kn H; cbn [fold_left]; [exact H|]. apply IH. unfold box_row.
        destruct (single 0 (snd row)) as [[j [|p|p]]|]; try exact H; unfold learn; destruct kn; cbn [change]; congruence. }
      apply nth_error_None in N0. apply (Len (domain cl) (nothing_known cl)); [discriminate|].
      fold (start u cl). destruct (start u cl); [reflexivity | cbn [length] in N0; lia]. }
  destruct (noises_ok _ r _ _ _ _ 0 N (run_relu _ _ Run) (run_width _ _ Run) Rd S0) as [L H].
  intros i fs Fs. unfold lost_of. destruct (nth_error ns i) as [n|] eqn:Ni.
  - destruct (H i n Ni) as (rd & Rdi & Fit & G & Er & Sz). cbn [Nat.add] in Sz.
    unfold noise_errors. rewrite <- G, Er. split.
    + apply Forall_map. apply Forall_forall. intros c _. unfold unit_error. lia.
    + unfold fits in Fit. apply andb_true_iff in Fit as [_ All]. apply (layer_errors _ _ _ _ _ _ _ All); [|exact (Rd i rd Rdi)].
      destruct i as [|j]; cbn [masks].
      * rewrite (run_input _ _ Run) in *. apply region_sizes_inputs; assumption.
      * rewrite (run_relu _ _ Run) in *. apply region_sizes_relus; assumption.
  - apply nth_error_None in Ni. rewrite L in Ni. split; [constructor|].
    pose proof (run_width _ _ Run i) as W. rewrite (nth_overflow (network cl)) in * by exact Ni. cbn in W.
    destruct (befores r (S i)); [exact I | discriminate].
Qed.

(** An accepted certificate about the float program: no execution that is computed within its roundings has the property. *)
Theorem accepted_deployed largest rds cl cl' t (r : execution F) :
  deploy u grid largest rds cl = Some cl' -> check_case u cl' [] t = Holds 0 -> runs (network cl) r -> rounds (network cl) rds r ->
  in_domain cl (input r) -> ~ run_has_property cl r.
Proof.
  intros E C Run Rd D H. pose proof (deployed_accounted _ _ _ _ _ E Run Rd D) as Acc.
  unfold deploy in E. destruct (input_sizes _) as [ts|]; [|discriminate].
  destruct (noises_of _ _ _ _ _ _) as [ns|]; [|discriminate]. injection E as <-.
  destruct (accepted_for_runs F u _ [] t r C Run Acc D H) as (s & [] & _).
Qed.
End Sound.
