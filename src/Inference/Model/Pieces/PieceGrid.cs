namespace Halo.Inference.Model.Pieces;

/// <summary>
/// How slices are covered by pieces. Neuron and token groups lie on a fixed grid that depends on the manifest alone, so that after another
/// division of the model most pieces of a slice are those that were there before; only a slice's first and last piece may be parts of a
/// grid cell. Head groups are one piece a slice: their shard owns KV, which is not to be divided.
/// </summary>
public static class PieceGrid
{
    /// <summary>Groups of a full piece: as many as come nearest to <see cref="ModelManifest.PieceBytes"/>, at least one; all for attention.</summary>
    public static int CellGroups(ModelManifest manifest, PieceKind kind)
    {
        ModelLayout layout = manifest.Layout;
        int groups = layout.GroupCount(kind);
        if (kind == PieceKind.Attention)
        {
            return groups;
        }

        long groupBytes = kind == PieceKind.FeedForward ? layout.NeuronGroupBytes : layout.TokenGroupBytes;
        return (int)Math.Clamp((manifest.PieceBytes + groupBytes / 2) / groupBytes, 1, groups);
    }

    /// <summary>The pieces of a slice, in order: every group is in one of them.</summary>
    /// <param name="manifest">The model.</param>
    /// <param name="slice">The slice, named as if it were one piece.</param>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such groups.</exception>
    public static IReadOnlyList<PieceId> Cover(ModelManifest manifest, PieceId slice)
    {
        manifest.Layout.CheckRange(slice);
        if (slice.Kind == PieceKind.Attention)
        {
            return [slice];
        }

        int cell = CellGroups(manifest, slice.Kind);
        int end = slice.FirstGroup + slice.GroupCount;
        List<PieceId> pieces = [];
        for (int first = slice.FirstGroup; first < end;)
        {
            int next = Math.Min(end, (first / cell + 1) * cell);
            pieces.Add(slice with { FirstGroup = first, GroupCount = next - first });
            first = next;
        }

        return pieces;
    }
}
