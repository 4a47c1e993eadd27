(** Networks of any depth and width, with linear lanes: evaluation, activation patterns, the affine map of a pattern,
    and "a condition holds at x iff some pattern's closed cell contains x and the pattern's affine map satisfies it there". *)
From Coq Require Import List ZArith Ring Lia Bool.
From Exactzones Require Import Numbers.
Import ListNotations.

(** A layer of units: integer weights over one positive denominator, the same for the biases, and which units have a ReLU. *)
Record layer := Layer {
  weights : list (list Z);
  weight_den : positive;
  biases : list Z;
  bias_den : positive;
  relus : list bool
}.
Definition no_layer : layer := Layer [] 1 [] 1 [].

(** Of a list of pre-activations, those of units with a ReLU. *)
Fixpoint chosen {A : Type} (ms : list bool) (zs : list A) : list A :=
  match ms, zs with
  | m :: ms', z :: zs' => if m then z :: chosen ms' zs' else chosen ms' zs'
  | _, _ => []
  end.

Lemma same_length A B (P : A -> B -> Prop) l m : Forall2 P l m -> length l = length m.
Proof. induction 1; cbn; congruence. Qed.

Section Network.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.

(** The pre-activation of one unit, and of a layer, for the values below. *)
Definition unit_pre (l : layer) (wb : list Z * Z) (a : list F) : F :=
  dot of_Z (fst wb) a * part (weight_den l) + of_Z (snd wb) * part (bias_den l).
Definition pre (l : layer) (a : list F) : list F := map (fun wb => unit_pre l wb a) (combine (weights l) (biases l)).

Fixpoint activate (ms : list bool) (zs : list F) : list F :=
  match ms, zs with
  | m :: ms', z :: zs' => (if m then relu z else z) :: activate ms' zs'
  | _, _ => []
  end.

(** Activations after k layers (the input for k = 0), and the pre-activations of layer k - 1 (the input for k = 0). *)
Fixpoint after (net : list layer) (k : nat) (x : list F) : list F :=
  match k with
  | O => x
  | S i => let l := nth i net no_layer in activate (relus l) (pre l (after net i x))
  end.
Definition before (net : list layer) (k : nat) (x : list F) : list F :=
  match k with O => x | S i => pre (nth i net no_layer) (after net i x) end.

Lemma after_S net i x : after net (S i) x = activate (relus (nth i net no_layer)) (before net (S i) x).
Proof. reflexivity. Qed.

(** The usual way to say it: layer by layer from the front. *)
Fixpoint forward (net : list layer) (x : list F) : list F :=
  match net with [] => x | l :: net' => forward net' (activate (relus l) (pre l x)) end.

Lemma after_cons l net k x : after (l :: net) (S k) x = after net k (activate (relus l) (pre l x)).
Proof. induction k as [|k IH]; [reflexivity|]. cbn [after nth] in *. rewrite IH. reflexivity. Qed.

Theorem after_all net x : after net (length net) x = forward net x.
Proof. revert x; induction net as [|l net IH]; intros x; [reflexivity|]. cbn [length forward]. rewrite after_cons. apply IH. Qed.

(** ** Patterns: one phase for each unit with a ReLU, layer after layer *)
Fixpoint switches (net : list layer) (k : nat) (x : list F) : list F :=
  match k with
  | O => []
  | S i => switches net i x ++ chosen (relus (nth i net no_layer)) (before net (S i) x)
  end.
Definition agree (z : F) (on : bool) : Prop := if on then 0 <= z else z <= 0.
(** x lies in the closed cell of a pattern of the first k layers. *)
Definition in_cell net k (s : list bool) (x : list F) : Prop := Forall2 agree (switches net k x) s.

Definition phase (z : F) : bool := if total z 0 then false else true.
Lemma agree_phase z : agree z (phase z).
Proof. unfold phase. destruct (total z 0); assumption. Qed.

(** Every point lies in the closed cell of its own pattern. *)
Theorem in_own_cell net k x : in_cell net k (map phase (switches net k x)) x.
Proof. unfold in_cell. induction (switches net k x); constructor; [apply agree_phase | assumption]. Qed.

(** A point at which every unit has its phase strictly lies in no other closed cell: interiors of cells are disjoint. *)
Definition agree_strictly (z : F) (on : bool) : Prop := if on then 0 < z else z < 0.
Theorem cells_disjoint net k s t x : Forall2 agree_strictly (switches net k x) s -> in_cell net k t x -> s = t.
Proof.
  unfold in_cell. intros H; revert t. induction H as [|z on zs s A H IH]; intros t C; inversion C as [|? b ? t' B R]; subst; [reflexivity|].
  f_equal; [|exact (IH _ R)]. destruct on, b; cbn in *; try reflexivity; destruct (A B).
Qed.

(** ** The affine map of a pattern *)
(** An affine function of the input: coefficients and constant. *)
Definition form := (list F * F)%type.
Definition value (f : form) (x : list F) : F := dot (fun c : F => c) (fst f) x + snd f.

Fixpoint vadd (a b : list F) : list F :=
  match a, b with
  | [], _ => b
  | _, [] => a
  | p :: a', q :: b' => (p + q) :: vadd a' b'
  end.
Lemma dot_vadd a b x : dot (fun c : F => c) (vadd a b) x = dot (fun c : F => c) a x + dot (fun c : F => c) b x.
Proof.
  revert b x; induction a as [|p a IH]; intros [|q b] [|v x]; cbn [vadd dot]; try ring. rewrite IH. ring.
Qed.
Lemma dot_scaled k a x : dot (fun c : F => c) (map (mul k) a) x = k * dot (fun c : F => c) a x.
Proof. revert x; induction a as [|p a IH]; intros [|v x]; cbn [map dot]; try ring. rewrite IH. ring. Qed.

Fixpoint combination (ws : list Z) (fs : list form) : form :=
  match ws, fs with
  | w :: ws', f :: fs' =>
      let g := combination ws' fs' in (vadd (map (mul (of_Z w)) (fst f)) (fst g), of_Z w * snd f + snd g)
  | _, _ => ([], 0)
  end.
Lemma value_combination ws fs x : value (combination ws fs) x = dot of_Z ws (map (fun f => value f x) fs).
Proof.
  unfold value. revert fs; induction ws as [|w ws IH]; intros [|f fs]; cbn [combination map dot fst snd]; try ring.
  rewrite <- IH, dot_vadd, dot_scaled. ring.
Qed.

Definition unit_form (l : layer) (wb : list Z * Z) (fs : list form) : form :=
  let f := combination (fst wb) fs in
  (map (mul (part (weight_den l))) (fst f), snd f * part (weight_den l) + of_Z (snd wb) * part (bias_den l)).
Definition pre_forms (l : layer) (fs : list form) : list form :=
  map (fun wb => unit_form l wb fs) (combine (weights l) (biases l)).

Lemma value_pre_forms l fs x : map (fun f => value f x) (pre_forms l fs) = pre l (map (fun f => value f x) fs).
Proof.
  unfold pre_forms, pre. rewrite map_map. apply map_ext. intros wb. unfold unit_pre. rewrite <- value_combination.
  unfold unit_form, value; cbn [fst snd]. rewrite dot_scaled. ring.
Qed.

(** Linear lanes and units that are on pass their form; the pattern is read off from the front. *)
Fixpoint passed (ms s : list bool) (fs : list form) : list form :=
  match ms, fs with
  | true :: ms', f :: fs' => (if hd false s then f else ([], 0)) :: passed ms' (tl s) fs'
  | false :: ms', f :: fs' => f :: passed ms' s fs'
  | _, _ => []
  end.

(** How many units with a ReLU the first k layers have: the length of a pattern. *)
Definition width (l : layer) : nat := length (combine (weights l) (biases l)).
Definition switches_of (l : layer) : nat := length (chosen (relus l) (repeat tt (width l))).
Fixpoint pattern_length (net : list layer) (k : nat) : nat :=
  match k with O => O | S i => (pattern_length net i + switches_of (nth i net no_layer))%nat end.

Definition id_forms (d : nat) : list form := map (fun i => (repeat 0 i ++ [1], 0)) (seq 0 d).

Fixpoint after_forms (net : list layer) (d k : nat) (s : list bool) : list form :=
  match k with
  | O => id_forms d
  | S i => let l := nth i net no_layer in
           passed (relus l) (skipn (pattern_length net i) s) (pre_forms l (after_forms net d i s))
  end.
Definition before_forms (net : list layer) (d k : nat) (s : list bool) : list form :=
  match k with O => id_forms d | S i => pre_forms (nth i net no_layer) (after_forms net d i s) end.

Lemma dot_unit i x : dot (fun c : F => c) (repeat 0 i ++ [1]) x = nth i x 0.
Proof. revert x; induction i as [|i IH]; intros [|v x]; cbn [repeat app dot nth]; try rewrite IH; ring. Qed.

Lemma value_id_forms x : map (fun f => value f x) (id_forms (length x)) = x.
Proof.
  unfold id_forms. rewrite map_map.
  rewrite (map_ext _ (fun i => nth i x 0)) by (intros i; unfold value; cbn [fst snd]; rewrite dot_unit; ring).
  apply (nth_ext _ _ 0 0); rewrite map_length, seq_length; [reflexivity|].
  intros n H. rewrite (nth_indep _ 0 (nth 0 x 0)) by (rewrite map_length, seq_length; exact H).
  rewrite (map_nth (fun i => nth i x 0)), seq_nth by exact H. reflexivity.
Qed.

Lemma length_chosen A B ms (zs : list A) (ys : list B) : length zs = length ys -> length (chosen ms zs) = length (chosen ms ys).
Proof.
  revert zs ys; induction ms as [|[] ms IH]; intros [|z zs] [|y ys] H; cbn in *; try discriminate; auto.
Qed.

Lemma length_switches net k x : length (switches net k x) = pattern_length net k.
Proof.
  induction k as [|i IH]; [reflexivity|]. cbn [switches pattern_length]. rewrite app_length, IH. f_equal.
  unfold switches_of, before, pre, width. apply length_chosen. rewrite map_length, repeat_length. reflexivity.
Qed.

Lemma passed_ok ms s r fs zs x :
  map (fun f => value f x) fs = zs -> Forall2 agree (chosen ms zs) s ->
  map (fun f => value f x) (passed ms (s ++ r) fs) = activate ms zs.
Proof.
  revert s fs zs; induction ms as [|m ms IH]; intros s [|f fs] zs <- H; cbn [map] in *; try (destruct m; reflexivity); try reflexivity.
  destruct m; cbn [chosen activate passed] in *.
  - inversion H as [|? b ? s' A R]; subst. cbn [app hd tl map]. f_equal.
    + destruct b; cbn [agree] in A; [rewrite relu_on by exact A; reflexivity|].
      rewrite relu_off by exact A. unfold value; cbn [fst snd dot]. ring.
    + apply IH; [reflexivity | exact R].
  - cbn [map]. f_equal. apply IH; [reflexivity | exact H].
Qed.

Lemma forms_ok net k s r x : in_cell net k s x -> map (fun f => value f x) (after_forms net (length x) k (s ++ r)) = after net k x.
Proof.
  revert s r; induction k as [|i IH]; intros s r H; [apply value_id_forms|].
  unfold in_cell in H. cbn [switches] in H. apply Forall2_app_inv_l in H as (s1 & s2 & H1 & H2 & ->).
  cbn [after_forms after]. rewrite <- app_assoc.
  assert (L : length s1 = pattern_length net i) by (rewrite <- (length_switches net i x); apply eq_sym, (same_length _ _ _ _ _ H1)).
  rewrite <- L, skipn_app, skipn_all, Nat.sub_diag. cbn [app skipn].
  apply passed_ok; [|exact H2]. rewrite value_pre_forms. f_equal. apply IH, H1.
Qed.

(** On the closed cell of a pattern the network is the pattern's affine map: after k layers, and before the ReLU of the next. *)
Theorem affine_after net k s x : in_cell net k s x -> map (fun f => value f x) (after_forms net (length x) k s) = after net k x.
Proof. intros H. rewrite <- (app_nil_r s). apply forms_ok, H. Qed.

Theorem affine_before net k s x :
  in_cell net k s x -> map (fun f => value f x) (before_forms net (length x) (S k) s) = before net (S k) x.
Proof. intros H. cbn [before_forms before]. rewrite value_pre_forms, affine_after by exact H. reflexivity. Qed.

(** Feature i of layer k fires at x iff some pattern's closed cell contains x and its affine map is positive there. *)
Definition fires net k i x : Prop := 0 < nth i (before net (S k) x) 0.
Definition feature_form net d k s i : form := nth i (before_forms net d (S k) s) ([], 0).

Lemma feature_ok net k s i x : in_cell net k s x -> value (feature_form net (length x) k s i) x = nth i (before net (S k) x) 0.
Proof.
  intros H. rewrite <- (affine_before net k s x H). unfold feature_form.
  assert (E : value ([], 0) x = 0) by (unfold value; cbn [fst snd dot]; ring).
  rewrite <- (map_nth (fun f => value f x) _ ([], 0) i). rewrite E. reflexivity.
Qed.

Theorem fires_iff net k i x :
  fires net k i x <-> exists s, in_cell net k s x /\ 0 < value (feature_form net (length x) k s i) x.
Proof.
  split.
  - intros H. exists (map phase (switches net k x)). split; [apply in_own_cell|].
    rewrite (feature_ok net k _ i x (in_own_cell net k x)). exact H.
  - intros (s & C & H). rewrite (feature_ok net k s i x C) in H. exact H.
Qed.
End Network.
