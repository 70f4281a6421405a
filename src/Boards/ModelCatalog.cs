using Halo.Inference.Model;

namespace Halo.Boards;

/// <summary>The models that this process may serve, by name; a file is opened when it is first asked for, and once.</summary>
public sealed class ModelCatalog : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, string> _paths;
    private readonly Dictionary<string, LoadedModel> _open = [];
    private readonly StepLimits _limits;
    private readonly WeightMode _mode;

    /// <param name="paths">Model files by name.</param>
    /// <param name="limits">Sizes of a step, for all models.</param>
    /// <param name="mode">Where boards of this process compute from.</param>
    public ModelCatalog(IReadOnlyDictionary<string, string> paths, StepLimits limits, WeightMode mode = WeightMode.Auto)
    {
        _mode = mode;
        _paths = new SortedDictionary<string, string>(paths.ToDictionary(), StringComparer.Ordinal);
        _limits = limits;
    }

    /// <summary>The models' names, sorted.</summary>
    public IReadOnlyCollection<string> Names => _paths.Keys;

    /// <summary>The models that are open now.</summary>
    public IReadOnlyList<string> OpenNames
    {
        get
        {
            lock (_gate)
            {
                return [.. _open.Keys];
            }
        }
    }

    /// <summary>Whether there is a model of that name.</summary>
    public bool Contains(string name) => _paths.ContainsKey(name);

    /// <summary>Opens a model, or returns it where it is open.</summary>
    /// <exception cref="KeyNotFoundException">There is no model of that name; the message lists those there are.</exception>
    /// <exception cref="Inference.Gguf.GgufFormatException">The file is no usable model.</exception>
    public LoadedModel Open(string name)
    {
        lock (_gate)
        {
            if (_open.TryGetValue(name, out LoadedModel? model))
            {
                return model;
            }

            if (!_paths.TryGetValue(name, out string? path))
            {
                throw new KeyNotFoundException($"There is no model '{name}'; this service has {string.Join(", ", _paths.Keys)}.");
            }

            model = LoadedModel.Open(name, path, _limits, _mode);
            _open.Add(name, model);
            return model;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach (LoadedModel model in _open.Values)
            {
                model.Dispose();
            }

            _open.Clear();
        }
    }
}
