using System.Collections.Concurrent;
using Halo.Gateway.Endpoints;
using Halo.Grains;

namespace Halo.Gateway.Serving;

/// <summary>The models of this service and how far each has come. Written by <see cref="ModelLoader"/>, read by requests.</summary>
internal sealed class ServedModels
{
    private readonly ConcurrentDictionary<string, ServedModel> _ready = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Exception> _failed = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private volatile IReadOnlyList<string> _names;

    /// <param name="names">The models' names; the first is the one for requests that name none. More may come.</param>
    /// <param name="time">Tells how long a load takes.</param>
    public ServedModels(IReadOnlyList<string> names, TimeProvider time)
    {
        _names = names;
        Created = time.GetUtcNow();
        _time = time;
    }

    public IReadOnlyList<string> Names => _names;

    /// <summary>When this service began.</summary>
    public DateTimeOffset Created { get; }

    /// <summary>The models that can be asked for completions.</summary>
    public IReadOnlyCollection<ServedModel> Ready => [.. _ready.Values];

    /// <summary>Why not all models can serve; null where they can.</summary>
    public string? Fault => Names.Count == 0 ? NoModel : Names.Select(FaultOf).FirstOrDefault(fault => fault is not null);

    private static string NoModel => "No board with a model has joined the cluster yet: start one with --model FILE.";

    /// <summary>Models may have come.</summary>
    public void Add(IReadOnlyList<string> names) => _names = [.. _names.Union(names, StringComparer.Ordinal)];

    /// <summary>Whether a model can be asked for completions.</summary>
    public bool IsReady(string name) => _ready.ContainsKey(name);

    public void SetReady(ServedModel model)
    {
        _ready[model.Name] = model;
        _failed.TryRemove(model.Name, out _);
    }

    public void SetFailed(string name, Exception exception) => _failed[name] = exception;

    /// <summary>The model to ask.</summary>
    /// <param name="name">Its name; null for the first.</param>
    /// <exception cref="ApiException">It does not exist, is still being loaded, or could not be.</exception>
    public ServedModel Find(string? name)
    {
        name = Known(name ?? (Names is [var first, ..] ? first : ""));
        if (_ready.TryGetValue(name, out ServedModel? model))
        {
            return model;
        }

        throw _failed.TryGetValue(name, out Exception? failure)
            ? ApiException.From(failure) ?? ApiException.Unavailable("model_failed", $"{name} could not be loaded; the service's log says why.")
            : ApiException.Unavailable("model_not_ready", FaultOf(name)!);
    }

    /// <summary>The name, where there is such a model, ready or not.</summary>
    /// <exception cref="ApiException">There is not, or no model has come at all yet.</exception>
    public string Known(string name)
    {
        if (Names.Count == 0)
        {
            throw ApiException.Unavailable("model_not_ready", NoModel); // it may be the first to come
        }

        if (Names.Contains(name, StringComparer.Ordinal))
        {
            return name;
        }

        string shown = name.Length <= 100 ? name : name[..100] + "…";
        throw ApiException.UnknownModel($"There is no model '{shown}'; this service has {string.Join(", ", Names)}.");
    }

    private string? FaultOf(string name)
    {
        if (_ready.ContainsKey(name))
        {
            return null;
        }

        return _failed.TryGetValue(name, out Exception? failure)
            ? $"{name} could not be loaded: {(failure is ModelUnavailableException ? failure.Message : failure.GetType().Name + ", see the log")}"
            : $"{name} is not loaded yet; the service started {(_time.GetUtcNow() - Created).TotalSeconds:F0} s ago.";
    }
}
