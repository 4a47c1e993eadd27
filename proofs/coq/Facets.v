(** Facets: closed cells of a network that share a piece of a hyperplane, open in it, have the same points of that hyperplane.  So two cells
    with a common piece of a facet have the whole facet in common. *)
From Coq Require Import List ZArith Ring Bool.
From Exactzones Require Import Numbers Network Field Position Cover.
Import ListNotations.

Section Facets.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.
Local Notation form := (@form F).
Hypothesis inverse : divides F.
Local Notation values x := (map (fun f => value f x)).

Variables (f : form) (c : list F) (e : F).
Hypotheses (E : 0 < e) (Zc : value f c = 0).
Notation on_piece z := (near e c z /\ value f z = 0).

Lemma piece_c : on_piece c.
Proof. split; [apply near_refl, lt_le, E | exact Zc]. Qed.

Lemma same_on_hyperplane (g h : form) x :
  length x = length c -> value f x = 0 -> (forall z, on_piece z -> value g z = value h z) -> value g x = value h x.
Proof.
  intros L Z H. destruct (near_between inverse e c x E (eq_sym L)) as (t & T & _ & N).
  assert (V : forall k : form, value k (between t c x) = (1 - t) * value k c + t * value k x) by (intros k; apply value_between; congruence).
  assert (On : value f (between t c x) = 0) by (rewrite V, Zc, Z; ring).
  pose proof (H _ (conj N On)) as S. rewrite !V, (H c piece_c) in S. apply (same_factor inverse t _ _ (not_zero t T)).
  replace (t * value g x) with ((1 - t) * value h c + t * value g x - (1 - t) * value h c) by ring. rewrite S. ring.
Qed.

Lemma agree_on_hyperplane (gs hs : list form) s t x :
  length x = length c -> value f x = 0 -> (forall z, on_piece z -> values z gs = values z hs) ->
  (forall z, on_piece z -> Forall2 agree (values z gs) s) -> (forall z, on_piece z -> Forall2 agree (values z hs) t) ->
  Forall2 agree (values x gs) s -> Forall2 agree (values x hs) t.
Proof.
  intros L Z. revert gs s t; induction hs as [|h hs IH]; intros gs s t Same S T X.
  - specialize (T c piece_c). inversion T; subst. constructor.
  - pose proof (Same c piece_c) as Q. destruct gs as [|g gs]; [discriminate Q|]. cbn [map] in X.
    inversion X as [|? a ? s' A X']; subst. pose proof (T c piece_c) as Tc. inversion Tc as [|? b ? t' _ _]; subst.
    assert (Gh : value g x = value h x) by (apply same_on_hyperplane; try assumption; intros z O; specialize (Same z O); injection Same; auto).
    cbn [map]. constructor.
    + destruct (bool_dec a b) as [<-|N]; [rewrite <- Gh; exact A|].
      assert (Zero : value h x = value ([], 0) x).
      { apply same_on_hyperplane; try assumption. intros z O. specialize (Same z O). injection Same as Gz _.
        specialize (S z O). inversion S as [|? ? ? ? Sz _]; subst. specialize (T z O). inversion T as [|? ? ? ? Tz _]; subst. rewrite Gz in Sz.
        replace (value ([], 0) z) with (0 : F) by (unfold value; cbn [fst snd dot]; ring).
        destruct a, b; cbn [agree] in Sz, Tz; try congruence; apply le_antisym; assumption. }
      rewrite Zero. unfold value; cbn [fst snd dot]. destruct b; cbn [agree]; apply le_eq; ring.
    + apply (IH gs s' t'); try assumption; intros z O.
      * specialize (Same z O). injection Same; auto.
      * specialize (S z O). inversion S; assumption.
      * specialize (T z O). inversion T; assumption.
Qed.

Theorem whole_facet net k s t x :
  (forall z, on_piece z -> in_cell net k s z /\ in_cell net k t z) -> length x = length c -> value f x = 0 ->
  in_cell net k s x -> in_cell net k t x.
Proof.
  intros H L Z C. apply in_cell_iff in C. apply in_cell_iff. rewrite L in *.
  assert (Len : forall z, on_piece z -> length z = length c) by (intros z [N _]; apply (near_length _ _ _ N)).
  assert (Sw : forall p z, on_piece z -> in_cell net k p z -> values z (switch_forms net (length c) k p) = switches net k z).
  { intros p z O Cz. rewrite <- (app_nil_r p), <- (Len z O). apply switches_ok, Cz. }
  apply (agree_on_hyperplane (switch_forms net (length c) k s) (switch_forms net (length c) k t) s t); try assumption;
    intros z O; destruct (H z O) as [S T].
  - rewrite !Sw by assumption. reflexivity.
  - rewrite Sw by assumption. exact S.
  - rewrite Sw by assumption. exact T.
Qed.
End Facets.
