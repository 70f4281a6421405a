using Halo.Inference.Model.Pieces;

namespace Halo.Inference.Model.Observation;

/// <summary>A stage that was just computed: its rows' inputs, what the groups' last matrix multiplied, and its output.</summary>
public readonly unsafe ref struct StageView
{
    private readonly StageScratch _scratch;
    private readonly bool _hasGate;
    private readonly Span<float> _output; // (rows, hiddenSize)

    internal StageView(PieceKind kind, int layer, StageScratch scratch, Span<float> output, bool hasGate)
    {
        Kind = kind;
        Layer = layer;
        _scratch = scratch;
        _hasGate = hasGate;
        _output = output;
    }

    /// <summary>Attention or feed-forward.</summary>
    public PieceKind Kind { get; }

    /// <summary>The layer.</summary>
    public int Layer { get; }

    /// <summary>The stage's number in a step: attention of layer l is 2l, feed-forward 2l + 1.</summary>
    public int Index => (2 * Layer) + (Kind == PieceKind.Attention ? 0 : 1);

    /// <summary>Rows of the step.</summary>
    public int Rows => _scratch.RowCount;

    /// <summary>A row's position in its sequence.</summary>
    public int Position(int row) => _scratch.Positions[row];

    /// <summary>The stage's input after the norm: hiddenSize floats.</summary>
    public ReadOnlySpan<float> Input(int row) => _scratch.Normed.Row(row);

    /// <summary>
    /// What the stage's last matrix multiplies: of a feed-forward what each neuron gives, <c>silu(gate x) * (up x)</c> where it has a gate; of an attention each query head's
    /// weighted values, (heads * headDim). In f32, before any rounding to 8 bits.
    /// </summary>
    public ReadOnlySpan<float> Hidden(int row) => HiddenRows.Row(row);

    /// <summary>Whether the stage's neurons have a gate.</summary>
    public bool HasGate => Kind == PieceKind.FeedForward && _hasGate;

    /// <summary>Of a feed-forward: <c>gate x</c> of each neuron, its bias included, before silu.</summary>
    /// <exception cref="InvalidOperationException">It is an attention, or the model has no gates.</exception>
    public ReadOnlySpan<float> Gate(int row)
    {
        if (!HasGate || (uint)row >= (uint)Rows)
        {
            throw new InvalidOperationException($"There is no gate of row {row}: this is {Kind}, of a model {(_hasGate ? "with" : "without")} gates, with {Rows} rows.");
        }

        int neurons = HiddenRows.Columns;
        return new ReadOnlySpan<float>(_scratch.Gate.Pointer + ((long)row * neurons), neurons);
    }

    /// <summary>The stage's output, less the bias of its last matrix: hiddenSize floats. What is written here goes to the residual stream in its place.</summary>
    public Span<float> Output(int row)
    {
        int width = _scratch.Normed.Columns;
        return _output.Slice(row * width, width);
    }

    // A whole model is one shard a stage, in one part.
    private Kernels.Activations HiddenRows => Kind == PieceKind.Attention ? _scratch.Attended : _scratch.Gated(0, 0);
}
