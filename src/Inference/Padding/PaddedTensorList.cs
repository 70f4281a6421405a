using Halo.Inference.Gguf;
using Halo.Inference.Quantization;

namespace Halo.Inference.Padding;

/// <summary>Lists the tensors of a padded model after checking that the source has exactly the tensors of a plain LLaMA model.</summary>
internal sealed class PaddedTensorList
{
    private static readonly int[] s_oneRow = [0];

    private readonly GgufFile _source;
    private readonly PaddingPlan _plan;
    private readonly TypeMix _type;
    private readonly bool _isTied; // the embedding is the LM head
    private readonly List<PaddedTensor> _tensors = [];
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    private PaddedTensorList(GgufFile source, PaddingPlan plan, TypeMix type)
    {
        _source = source;
        _plan = plan;
        _type = type;
        _isTied = !source.TryGetTensor("output.weight", out _);
    }

    internal static List<PaddedTensor> Build(GgufFile source, PaddingPlan plan, TypeMix type)
    {
        PaddedTensorList list = new(source, plan, type);
        list.CheckRope();
        int[] vocabulary = [.. Enumerable.Range(0, checked((int)source.RequireTensor("token_embd.weight").Rows))];
        list.AddMatrix("token_embd.weight", "token_embd.weight", vocabulary, plan.HiddenRows);
        for (int layer = 0; layer < plan.Target.LayerCount; layer++)
        {
            list.AddLayer(layer, plan.SourceLayer(layer));
        }

        list.AddNorm("output_norm.weight", "output_norm.weight");
        if (source.TryGetTensor("output.weight", out _))
        {
            list.AddMatrix("output.weight", "output.weight", vocabulary, plan.HiddenRows);
        }

        if (source.TensorList.FirstOrDefault(info => !list._used.Contains(info.Name)) is { } extra)
        {
            throw new GgufFormatException($"{source.Path}: tensor '{extra.Name}' is not one of a plain LLaMA model, so padding would lose it.");
        }

        return list._tensors;
    }

    private void CheckRope()
    {
        int rotated = _source.Metadata.GetInt32("llama.rope.dimension_count", _plan.Source.HeadDim);
        string scaling = _source.Metadata.GetString("llama.rope.scaling.type", "none");
        if (rotated != _plan.Source.HeadDim || scaling != "none")
        {
            throw new GgufFormatException(
                $"{_source.Path}: llama.rope.dimension_count is {rotated} (head size {_plan.Source.HeadDim}) and the scaling is '{scaling}'; "
                + "only models with plain rotary positions over the whole head can be padded.");
        }
    }

    // A layer without a source is an identity: Wo and Wdown are zero, so it adds nothing to the residual stream.
    private void AddLayer(int layer, int sourceLayer)
    {
        (int[] hidden, int[] query, int[] keyValue, int[] intermediate) =
            (_plan.HiddenRows, _plan.QueryRows, _plan.KeyValueRows, _plan.IntermediateRows);
        AddNorm(To("attn_norm"), From("attn_norm"));
        AddMatrix(To("attn_q"), From("attn_q"), query, hidden, _plan.QueryScale);
        AddMatrix(To("attn_k"), From("attn_k"), keyValue, hidden);
        AddMatrix(To("attn_v"), From("attn_v"), keyValue, hidden);
        AddMatrix(To("attn_output"), From("attn_output"), hidden, query);
        AddNorm(To("ffn_norm"), From("ffn_norm"));
        AddMatrix(To("ffn_gate"), From("ffn_gate"), intermediate, hidden);
        AddMatrix(To("ffn_up"), From("ffn_up"), intermediate, hidden);
        AddMatrix(To("ffn_down"), From("ffn_down"), hidden, intermediate);

        string To(string part) => $"blk.{layer}.{part}.weight";
        string? From(string part) => sourceLayer < 0 ? null : $"blk.{sourceLayer}.{part}.weight";
    }

    private void AddNorm(string name, string? sourceName)
    {
        GgufTensorInfo? source = Find(sourceName, s_oneRow, _plan.HiddenRows);
        _tensors.Add(new PaddedTensor(name, source, s_oneRow, _plan.HiddenRows, _plan.NormScale, TensorType.F32, Fill: 1, IsVector: true));
    }

    private void AddMatrix(string name, string? sourceName, int[] rows, int[] columns, float scale = 1)
    {
        bool isHead = name == (_isTied ? "token_embd.weight" : "output.weight");
        TensorType type = _type.TypeOf(name, _plan.Target.LayerCount, columns.Length, isHead);
        _tensors.Add(new PaddedTensor(name, Find(sourceName, rows, columns), rows, columns, scale, type));
    }

    private GgufTensorInfo? Find(string? name, int[] rows, int[] columns)
    {
        if (name is null)
        {
            return null;
        }

        GgufTensorInfo info = _source.RequireTensor(name);
        if (info.Rows != rows.Max() + 1 || info.Columns != columns.Max() + 1)
        {
            throw new GgufFormatException(
                $"{_source.Path}: tensor '{name}' is {info.ShapeText}; the metadata make it {columns.Max() + 1} x {rows.Max() + 1}.");
        }

        if (!TensorTypes.IsSupported(info.Type))
        {
            throw new GgufFormatException($"{_source.Path}: tensor '{name}' is {info.Type}, which cannot be read; use an F16 or Q8_0 file.");
        }

        _used.Add(name);
        return info;
    }
}
