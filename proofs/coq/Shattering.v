(** Families of patterns: one that shatters no set of more than d units has at most sum_{k <= d} C(n, k) members (Sauer-Shelah),
    since a family is not larger than the family of the sets that it shatters (Pajor). *)
From Coq Require Import List Arith Lia Bool.
From Exactzones Require Import Network Unrelu.
Import ListNotations.

(** ** How many: sums of binomial coefficients *)
Fixpoint choose (n k : nat) : nat :=
  match n, k with
  | _, O => 1
  | O, S _ => 0
  | S n', S k' => choose n' k' + choose n' k
  end.
Fixpoint regime_bound (n d : nat) : nat :=
  match d with O => choose n 0 | S d' => regime_bound n d' + choose n d end.

Lemma choose_0 n : choose n 0 = 1.
Proof. destruct n; reflexivity. Qed.

Lemma regime_bound_0 n : regime_bound n 0 = 1.
Proof. apply choose_0. Qed.

Lemma regime_bound_S n d : regime_bound (S n) (S d) = regime_bound n d + regime_bound n (S d).
Proof. induction d as [|d IH]; cbn [regime_bound choose] in *; rewrite ?choose_0 in *; lia. Qed.

Example ten_units_on_a_plane : regime_bound 10 2 = 56.
Proof. reflexivity. Qed.

(** Sets of units are masks, and [patterns n] (of Unrelu) are all masks of n units. *)
Definition size (m : list bool) : nat := length (filter (fun b => b) m).
Definition how_many {A} (f : A -> bool) (l : list A) : nat := length (filter f l).

Lemma how_many_map A B (g : A -> B) f l : how_many f (map g l) = how_many (fun a => f (g a)) l.
Proof. unfold how_many. induction l as [|a l IH]; cbn [map filter]; [reflexivity|]. destruct (f (g a)); cbn [length]; auto. Qed.

Lemma how_many_app A (f : A -> bool) l k : how_many f (l ++ k) = how_many f l + how_many f k.
Proof. unfold how_many. rewrite filter_app. apply app_length. Qed.

Lemma how_many_le A (f g : A -> bool) l : (forall a, In a l -> f a = true -> g a = true) -> how_many f l <= how_many g l.
Proof.
  unfold how_many. induction l as [|a l IH]; cbn [filter]; intros H; [lia|].
  specialize (IH (fun b I => H b (or_intror I))). specialize (H a (or_introl eq_refl)).
  destruct (f a); [rewrite (H eq_refl)|destruct (g a)]; cbn [length]; lia.
Qed.

Lemma how_many_both A (f g : A -> bool) l :
  how_many f l + how_many g l = how_many (fun a => f a || g a) l + how_many (fun a => f a && g a) l.
Proof. unfold how_many. induction l as [|a l IH]; cbn [filter]; [reflexivity|]. destruct (f a), (g a); cbn [orb andb length]; lia. Qed.

Lemma how_many_patterns (f : list bool -> bool) n :
  how_many f (patterns (S n)) = how_many (fun m => f (true :: m)) (patterns n) + how_many (fun m => f (false :: m)) (patterns n).
Proof. cbn [patterns]. rewrite how_many_app, !how_many_map. reflexivity. Qed.

Lemma patterns_of_length n s : In s (patterns n) <-> length s = n.
Proof.
  split; [|intros <-; apply patterns_all]. revert s; induction n as [|n IH]; intros s I; cbn [patterns] in I; [destruct I as [<-|[]]; reflexivity|].
  apply in_app_or in I as [I|I]; apply in_map_iff in I as (t & <- & I); cbn [length]; rewrite (IH t I); reflexivity.
Qed.

Lemma small_masks n d : how_many (fun m => Nat.leb (size m) d) (patterns n) = regime_bound n d.
Proof.
  revert d; induction n as [|n IH]; intros d.
  - cbn. induction d as [|d IHd]; cbn [regime_bound choose]; lia.
  - rewrite how_many_patterns. destruct d as [|d].
    + rewrite regime_bound_0, <- (regime_bound_0 n), <- IH. unfold how_many at 1. unfold size; cbn [filter length Nat.leb].
      replace (filter (fun _ => false) (patterns n)) with (@nil (list bool)); [reflexivity|].
      clear IH. induction (patterns n) as [|m ms IH]; [reflexivity | exact IH].
    + rewrite regime_bound_S, <- !IH. f_equal; reflexivity.
Qed.

(** ** Shattering *)
Definition same (s t : list bool) : bool := if list_eq_dec bool_dec s t then true else false.
Lemma same_ok s t : same s t = true <-> s = t.
Proof. unfold same. destruct (list_eq_dec bool_dec s t); split; congruence. Qed.

(** Every pattern of the chosen units is that of a member. *)
Definition shatters (family : list (list bool)) (m : list bool) : bool :=
  forallb (fun t => existsb (fun s => same (chosen m s) t) family) (patterns (size m)).
Lemma shatters_ok family m :
  shatters family m = true <-> forall t, length t = size m -> exists s, In s family /\ chosen m s = t.
Proof.
  unfold shatters. rewrite forallb_forall. split; intros H t L.
  - specialize (H t (proj2 (patterns_of_length _ _) L)). apply existsb_exists in H as (s & I & E). exists s. split; [exact I | apply same_ok, E].
  - apply patterns_of_length in L. destruct (H t L) as (s & I & E). apply existsb_exists. exists s. split; [exact I | apply same_ok, E].
Qed.

(** The members whose first unit is on (off), without it. *)
Definition starting (b : bool) (family : list (list bool)) : list (list bool) :=
  flat_map (fun s => match s with c :: s' => if Bool.eqb b c then [s'] else [] | [] => [] end) family.

Lemma starting_cons b c s family : starting b ((c :: s) :: family) = if Bool.eqb b c then s :: starting b family else starting b family.
Proof. unfold starting; cbn [flat_map]. destruct (Bool.eqb b c); reflexivity. Qed.

Lemma starting_in b family s : In s (starting b family) <-> In (b :: s) family.
Proof.
  unfold starting. rewrite in_flat_map. split.
  - intros ([|c t] & I & J); [destruct J|]. destruct (Bool.eqb b c) eqn:E; [|destruct J].
    apply eqb_prop in E. destruct J as [<-|[]]. subst c. exact I.
  - intros I. exists (b :: s). split; [exact I|]. rewrite eqb_reflx. left. reflexivity.
Qed.

Lemma starting_NoDup b family : NoDup family -> NoDup (starting b family).
Proof.
  induction 1 as [|s family N D IH]; [constructor|]. destruct s as [|c s]; [exact IH|]. rewrite starting_cons.
  destruct (Bool.eqb b c) eqn:E; [|exact IH]. apply eqb_prop in E. subst c. constructor; [|exact IH].
  intros I. apply N, starting_in, I.
Qed.

Lemma starting_length n family :
  (forall s, In s family -> length s = S n) -> length family = length (starting true family) + length (starting false family).
Proof.
  induction family as [|s family IH]; intros H; [reflexivity|]. specialize (IH (fun t I => H t (or_intror I))).
  specialize (H s (or_introl eq_refl)). destruct s as [|[] s]; [discriminate| |]; rewrite !starting_cons; cbn [Bool.eqb length]; lia.
Qed.

(** A family is not larger than the family of the sets that it shatters. *)
Theorem shattered_enough n family :
  NoDup family -> (forall s, In s family -> length s = n) -> length family <= how_many (shatters family) (patterns n).
Proof.
  revert family; induction n as [|n IH]; intros family D L.
  - destruct family as [|s [|t family]]; [cbn; lia| |].
    + specialize (L s (or_introl eq_refl)). destruct s; [|discriminate]. cbn. lia.
    + exfalso. inversion D as [|? ? N _]; subst. apply N. left.
      pose proof (L s (or_introl eq_refl)). pose proof (L t (or_intror (or_introl eq_refl))). destruct s, t; try discriminate. reflexivity.
  - rewrite (starting_length n family L).
    assert (Part : forall b, length (starting b family) <= how_many (shatters (starting b family)) (patterns n)).
    { intros b. apply IH; [apply starting_NoDup, D|]. intros s I. apply starting_in in I. specialize (L _ I). cbn in L. lia. }
    pose proof (Part true) as On. pose proof (Part false) as Off.
    pose proof (how_many_both _ (shatters (starting true family)) (shatters (starting false family)) (patterns n)) as Both.
    rewrite how_many_patterns.
    assert (Apart : how_many (fun m => shatters (starting true family) m && shatters (starting false family) m) (patterns n)
                    <= how_many (fun m => shatters family (true :: m)) (patterns n)).
    { apply how_many_le. intros m _ H. apply andb_true_iff in H as [T F]. rewrite shatters_ok in *. intros [|b t] E; [discriminate|].
      injection E as E. destruct b; [destruct (T t E) as (s & I & C) | destruct (F t E) as (s & I & C)];
        apply starting_in in I; (eexists; split; [exact I | cbn [chosen]; rewrite C; reflexivity]). }
    assert (Together : how_many (fun m => shatters (starting true family) m || shatters (starting false family) m) (patterns n)
                       <= how_many (fun m => shatters family (false :: m)) (patterns n)).
    { apply how_many_le. intros m _ H. apply orb_true_iff in H as [H|H]; rewrite shatters_ok in *; intros t E;
        destruct (H t E) as (s & I & C); apply starting_in in I; (eexists; split; [exact I | cbn [chosen]; exact C]). }
    lia.
Qed.

(** Sauer-Shelah: patterns that shatter no set of more than d units are at most sum_{k <= d} C(n, k). *)
Theorem sauer_shelah n d family :
  NoDup family -> (forall s, In s family -> length s = n) ->
  (forall m, length m = n -> d < size m -> shatters family m = false) -> length family <= regime_bound n d.
Proof.
  intros D L H. rewrite <- small_masks. apply (Nat.le_trans _ _ _ (shattered_enough n family D L)). apply how_many_le.
  intros m I S. apply Nat.leb_le. apply patterns_of_length in I. destruct (Nat.le_gt_cases (size m) d) as [K|K]; [exact K|].
  rewrite (H m I K) in S. discriminate.
Qed.
