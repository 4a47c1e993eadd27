(** Counting: at most sum_{k <= d} C(n, k) patterns of a layer of n units with a ReLU occur on points with d coordinates.

    For every layer, in general position or not; zero counts as off.  d + 1 rows of d coordinates are linearly dependent, so the
    patterns that occur shatter no d + 1 units. *)
From Coq Require Import List ZArith Ring Lia Bool.
From Exactzones Require Import Numbers Linear Network Unrelu Position Cover Shattering.
Import ListNotations.

Section Counting.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.

(** ** More than d integer rows of d coordinates are linearly dependent *)
Fixpoint weighed (cs : list Z) (rows : list (list Z)) (x : list F) : F :=
  match cs, rows with c :: cs', r :: rows' => of_Z c * dot of_Z r x + weighed cs' rows' x | _, _ => 0 end.

Lemma weighed_app cs1 cs2 rows1 rows2 (x : list F) :
  length cs1 = length rows1 -> weighed (cs1 ++ cs2) (rows1 ++ rows2) x = weighed cs1 rows1 x + weighed cs2 rows2 x.
Proof.
  revert rows1; induction cs1 as [|c cs1 IH]; intros [|r rows1] L; try discriminate; cbn [weighed app]; [ring|].
  rewrite IH by (injection L; auto). ring.
Qed.

Lemma weighed_times a cs rows (x : list F) : weighed (map (Z.mul a) cs) rows x = of_Z a * weighed cs rows x.
Proof. revert rows; induction cs as [|c cs IH]; intros [|r rows]; cbn [weighed map]; rewrite ?of_Z_mul, ?IH; ring. Qed.

(** The rows' first coordinates, weighed. *)
Definition head (r : list Z) : Z := hd 0%Z r.
Fixpoint heads (cs : list Z) (rows : list (list Z)) : Z :=
  match cs, rows with c :: cs', r :: rows' => (c * head r + heads cs' rows')%Z | _, _ => 0%Z end.

Lemma dot_head r v (x : list F) : dot of_Z r (v :: x) = of_Z (head r) * v + dot of_Z (tl r) x.
Proof. destruct r; cbn [dot head hd tl]; [rewrite of_Z_0; ring | reflexivity]. Qed.

Lemma weighed_heads cs rows (v : F) x : weighed cs rows (v :: x) = of_Z (heads cs rows) * v + weighed cs (map (@tl Z) rows) x.
Proof.
  revert rows; induction cs as [|c cs IH]; intros [|r rows]; cbn [weighed heads map]; rewrite ?of_Z_0; try ring.
  rewrite IH, dot_head, of_Z_add, of_Z_mul. ring.
Qed.

(** A step of elimination: a row from which the pivot's multiple has taken the first coordinate, which is left out. *)
Definition eliminated (pivot r : list Z) : list Z := sum (map (Z.mul (head pivot)) (tl r)) (map (Z.mul (- head r)) (tl pivot)).

Lemma weighed_eliminated pivot cs rows (x : list F) :
  weighed cs (map (eliminated pivot) rows) x =
  of_Z (head pivot) * weighed cs (map (@tl Z) rows) x - of_Z (heads cs rows) * dot of_Z (tl pivot) x.
Proof.
  revert rows; induction cs as [|c cs IH]; intros [|r rows]; cbn [weighed heads map]; rewrite ?of_Z_0; try ring.
  unfold eliminated at 1. rewrite IH, dot_sum, !dot_times, of_Z_opp, of_Z_add, of_Z_mul. ring.
Qed.

Lemma zero_heads cs rows : Forall (fun r => head r = 0%Z) rows -> heads cs rows = 0%Z.
Proof. intros H; revert cs; induction H as [|r rows E H IH]; intros [|c cs]; cbn [heads]; rewrite ?E, ?IH; lia. Qed.

Theorem dependent d (rows : list (list Z)) :
  (d < length rows)%nat ->
  exists cs, length cs = length rows /\ Exists (fun c => c <> 0%Z) cs /\ forall x : list F, length x = d -> weighed cs rows x = 0.
Proof.
  revert rows; induction d as [|d IH]; intros rows L.
  - exists (map (fun _ => 1%Z) rows). rewrite map_length. split; [reflexivity|]. split.
    + destruct rows; [cbn in L; lia|]. left. lia.
    + intros [|v x] E; [|discriminate]. clear L. induction rows as [|r rows IH]; cbn [weighed map]; [reflexivity|].
      rewrite IH, dot_nil_r. ring.
  - destruct (Forall_Exists_dec (fun r => head r = 0%Z) (fun r => Z.eq_dec (head r) 0) rows) as [Null|N].
    + destruct (IH (map (@tl Z) rows)) as (cs & Lc & N & H); [rewrite map_length; lia|]. rewrite map_length in Lc.
      exists cs. split; [exact Lc|]. split; [exact N|]. intros [|v x] E; [discriminate|]. injection E as E.
      rewrite weighed_heads, (zero_heads _ _ Null), (H x E), of_Z_0. ring.
    + apply Exists_exists in N as (pivot & I & N). apply in_split in I as (above & below & ->). rewrite app_length in L; cbn [length] in L.
      destruct (IH (map (eliminated pivot) (above ++ below))) as (cs & Lc & Nc & H); [rewrite map_length, app_length; lia|].
      rewrite map_length, app_length in Lc.
      rewrite <- (firstn_skipn (length above) cs) in Nc, H. set (c1 := firstn (length above) cs) in *. set (c2 := skipn (length above) cs) in *.
      assert (L1 : length c1 = length above) by (unfold c1; rewrite firstn_length; lia).
      assert (L2 : length c2 = length below) by (unfold c2; rewrite skipn_length; lia).
      set (a := head pivot) in *. set (h := (heads c1 above + heads c2 below)%Z).
      exists (map (Z.mul a) c1 ++ (- h)%Z :: map (Z.mul a) c2).
      split; [rewrite !app_length; cbn [length]; rewrite !map_length; lia|]. split.
      * apply Exists_app in Nc. apply Exists_app. rewrite Exists_cons, !Exists_exists in *.
        assert (T : forall c, c <> 0%Z -> (a * c <> 0)%Z) by (intros c C; apply Z.neq_mul_0; auto).
        destruct Nc as [(c & I & C)|(c & I & C)]; [left | right; right]; exists (a * c)%Z; (split; [apply in_map, I | exact (T c C)]).
      * intros [|v x] E; [discriminate|]. injection E as E. specialize (H x E).
        rewrite map_app, weighed_app, !weighed_eliminated in H by (rewrite map_length; exact L1).
        rewrite weighed_app by (rewrite map_length; exact L1). cbn [weighed].
        rewrite !weighed_times, !weighed_heads, dot_head, of_Z_opp. fold a. unfold h. rewrite of_Z_add.
        fold a in H. rewrite <- H. ring.
Qed.

(** ** Patterns that occur in a layer; a pre-activation of zero counts as off *)
Definition occurs (l : layer) (d : nat) (s : list bool) : Prop := exists x : list F, length x = d /\ has_pattern [l] 1 x s.

(** A combination of numbers whose phases are the signs of the coefficients: positive counts as on. *)
Lemma phases_combined cs (zs : list F) :
  Forall2 counted zs (map (Z.ltb 0) cs) -> 0 <= dot of_Z cs zs /\ (Exists (fun c => 0 < c)%Z cs -> 0 < dot of_Z cs zs).
Proof.
  revert zs; induction cs as [|c cs IH]; intros zs H; inversion H as [|z ? zs' ? P R]; subst; cbn [dot].
  - split; [apply le_refl | intros N; inversion N].
  - destruct (IH _ R) as [Weak Strict]. destruct (Z.ltb_spec 0 c) as [C|C]; cbn [counted] in P.
    + assert (T : 0 < of_Z c * z) by (destruct c as [|c|c]; try lia; intros N; apply P, (positive_mul_nonpos c), N).
      assert (S : 0 < of_Z c * z + dot of_Z cs zs').
      { intros N. apply T. apply (le_by (- (of_Z c * z + dot of_Z cs zs') + dot of_Z cs zs')); [|ring].
        apply add_nonneg; [apply nonpos_opp, N | exact Weak]. }
      split; [apply lt_le, S | intros _; exact S].
    + assert (T : 0 <= of_Z c * z).
      { replace (of_Z c * z) with (of_Z (- c) * (- z)) by (rewrite of_Z_opp; ring).
        apply mul_nonneg; [apply of_Z_nonneg; lia | apply nonpos_opp, P]. }
      split; [apply add_nonneg; assumption|]. intros N. inversion N as [? ? N'|? ? N']; subst; [lia|]. specialize (Strict N').
      intros K. apply Strict. apply (le_by (of_Z c * z + - (of_Z c * z + dot of_Z cs zs'))); [|ring].
      apply add_nonneg; [exact T | apply nonpos_opp, K].
Qed.

Variable l : layer.
Notation pre_activation x := (fun wb => unit_pre l wb x).

Fixpoint constants (cs : list Z) (us : list (list Z * Z)) : Z :=
  match cs, us with c :: cs', u :: us' => (c * snd u + constants cs' us')%Z | _, _ => 0%Z end.

(** Weighed so that the inputs cancel, pre-activations add up to a constant. *)
Lemma combination_of_units cs us (x : list F) :
  dot of_Z cs (map (pre_activation x) us) = weighed cs (map fst us) x * part (weight_den l) + of_Z (constants cs us) * part (bias_den l).
Proof.
  revert us; induction cs as [|c cs IH]; intros [|u us]; cbn [dot map weighed constants]; rewrite ?of_Z_0; try ring.
  rewrite IH, of_Z_add, of_Z_mul. unfold unit_pre. ring.
Qed.

Lemma constants_opp cs us : constants (map Z.opp cs) us = (- constants cs us)%Z.
Proof. revert us; induction cs as [|c cs IH]; intros [|u us]; cbn [constants map]; try reflexivity. rewrite IH. lia. Qed.
Lemma weighed_opp cs rows (x : list F) : weighed (map Z.opp cs) rows x = - weighed cs rows x.
Proof. revert rows; induction cs as [|c cs IH]; intros [|r rows]; cbn [weighed map]; rewrite ?of_Z_opp, ?IH; ring. Qed.

(** Of more than d units some pattern does not occur. *)
Lemma missing_pattern d us :
  (d < length us)%nat ->
  exists t, length t = length us /\ forall x : list F, length x = d -> ~ Forall2 counted (map (pre_activation x) us) t.
Proof.
  intros L. destruct (dependent d (map fst us)) as (cs & Lc & N & H); [rewrite map_length; exact L|]. rewrite map_length in Lc.
  assert (Best : exists cs, length cs = length us /\ (forall x : list F, length x = d -> weighed cs (map fst us) x = 0) /\
                 (constants cs us < 0 \/ constants cs us = 0 /\ Exists (fun c => 0 < c) cs)%Z).
  { assert (Other : forall x : list F, length x = d -> weighed (map Z.opp cs) (map fst us) x = 0).
    { intros x E. rewrite weighed_opp, (H x E). ring. }
    destruct (Z.lt_trichotomy (constants cs us) 0) as [K|[K|K]].
    - exists cs. auto.
    - apply Exists_exists in N as (c & I & C). destruct (Z_lt_le_dec 0 c) as [P|P].
      + exists cs. repeat split; auto. right. split; [exact K|]. apply Exists_exists. exists c. auto.
      + exists (map Z.opp cs). rewrite map_length. repeat split; auto. right. rewrite constants_opp. split; [lia|].
        apply Exists_exists. exists (- c)%Z. split; [apply in_map, I | lia].
    - exists (map Z.opp cs). rewrite map_length, constants_opp. repeat split; auto. left. lia. }
  clear cs Lc N H. destruct Best as (cs & Lc & H & K). exists (map (Z.ltb 0) cs). rewrite map_length. split; [exact Lc|].
  intros x E P. destruct (phases_combined cs _ P) as [Weak Strict]. rewrite combination_of_units, (H x E) in Weak, Strict.
  replace (0 * part (weight_den l) + of_Z (constants cs us) * part (bias_den l)) with (of_Z (constants cs us) * part (bias_den l) : F)
    in Weak, Strict by ring.
  destruct K as [K|[K Some]].
  - apply (mul_part_positive (F := F) (bias_den l) (of_Z (- constants cs us))); [rewrite <- of_Z_0; apply of_Z_lt; lia|].
    rewrite of_Z_opp. apply (le_by (of_Z (constants cs us) * part (bias_den l))); [exact Weak | ring].
  - apply (Strict Some). rewrite K, of_Z_0. apply le_eq. ring.
Qed.

Lemma chosen_size A (m : list bool) (zs : list A) : length m = length zs -> length (chosen m zs) = size m.
Proof.
  unfold size. revert zs; induction m as [|[] m IH]; intros [|z zs] L; try discriminate; cbn [chosen filter length]; auto.
Qed.
Lemma chosen_phases m (zs : list F) s : Forall2 counted zs s -> Forall2 counted (chosen m zs) (chosen m s).
Proof. intros H; revert m; induction H; intros [|[] m]; cbn [chosen]; auto. Qed.

(** At most sum_{k <= d} C(n, k) patterns of a layer of n units with a ReLU occur on points with d coordinates. *)
Theorem patterns_of_layer d (ss : list (list bool)) :
  NoDup ss -> (forall s, In s ss -> occurs l d s) -> (length ss <= regime_bound (switches_of l) d)%nat.
Proof.
  intros D H. apply sauer_shelah; [exact D| |].
  - intros s I. destruct (H s I) as (x & _ & P). rewrite <- (same_length _ _ _ _ _ P). exact (length_switches [l] 1 x).
  - intros m Lm S. destruct (shatters ss m) eqn:E; [|reflexivity]. exfalso. rewrite shatters_ok in E.
    set (us := chosen m (chosen (relus l) (combine (weights l) (biases l)))).
    assert (Lu : length us = size m).
    { apply chosen_size. rewrite Lm. unfold switches_of, width. apply length_chosen. rewrite repeat_length. reflexivity. }
    destruct (missing_pattern d us) as (t & Lt & N); [lia|]. destruct (E t) as (s & I & <-); [lia|].
    destruct (H s I) as (x & Lx & P). apply (N x Lx). unfold us. rewrite <- !chosen_map. exact (chosen_phases m _ _ P).
Qed.

(** The same bound for what un-ReLU lists: the patterns that are full-dimensional in a domain. *)
Corollary regimes_of_layer (D : list (@form F)) d (ss : list (list bool)) :
  NoDup ss -> (forall s, In s ss -> full_pattern [l] 1 D d s) -> (length ss <= regime_bound (switches_of l) d)%nat.
Proof.
  intros N H. apply patterns_of_layer; [exact N|]. intros s I. destruct (H s I) as (y & e & L & E & B).
  exists y. split; [exact L | exact (proj2 (B y (near_refl e y (lt_le _ _ E))))].
Qed.
End Counting.
