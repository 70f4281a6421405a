using System.Collections.Concurrent;
using System.Reflection;
using Orleans.Concurrency;
using Orleans.Serialization;

namespace Orleans.Runtime;

/// <summary>One method of a grain interface: how it interleaves, how its arguments cross, how it is called.</summary>
internal abstract class GrainMethod(MethodInfo method)
{
    private static readonly ConcurrentDictionary<MethodInfo, GrainMethod> s_methods = new();
    private static readonly TimeSpan s_responseTimeout = TimeSpan.FromSeconds(30); // upstream's default

    private readonly MethodInvoker _invoker = MethodInvoker.Create(method);
    private readonly string _name = $"{method.DeclaringType!.Name}.{method.Name}";
    private readonly bool _isAlwaysInterleave = method.IsDefined(typeof(AlwaysInterleaveAttribute));
    private readonly TimeSpan _timeout = method.GetCustomAttribute<ResponseTimeoutAttribute>()?.Timeout ?? s_responseTimeout;
    private readonly int _tokenIndex = // of the cancellation token, -1 for none
        Array.FindIndex(method.GetParameters(), parameter => parameter.ParameterType == typeof(CancellationToken));

    internal static GrainMethod Of(MethodInfo method) => s_methods.GetOrAdd(method, static method =>
    {
        Type type = method.ReturnType;
        Type? definition = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
        Type kind = type == typeof(Task) ? typeof(TaskMethod<object?>)
            : definition == typeof(Task<>) ? typeof(TaskMethod<>).MakeGenericType(type.GenericTypeArguments)
            : definition == typeof(IAsyncEnumerable<>) ? typeof(StreamMethod<>).MakeGenericType(type.GenericTypeArguments)
            : throw new NotSupportedException($"{method.DeclaringType}.{method.Name} returns {type}, which no grain method may here.");
        return (GrainMethod)Activator.CreateInstance(kind, method)!;
    });

    /// <summary>Makes the call: what the caller gets back is of the method's own return type.</summary>
    internal abstract object Call(GrainFactory caller, GrainId target, object?[] arguments);

    /// <summary>Copies the arguments in place and takes the cancellation token out.</summary>
    private CancellationToken Isolate(object?[] arguments)
    {
        DeepCopier copier = new();
        for (int i = 0; i < arguments.Length; i++)
        {
            arguments[i] = copier.Copy(arguments[i]);
        }

        return _tokenIndex >= 0 ? (CancellationToken)arguments[_tokenIndex]! : CancellationToken.None;
    }

    private object Invoke(Activation activation, object?[] arguments, CancellationToken token)
    {
        if (_tokenIndex >= 0)
        {
            arguments[_tokenIndex] = token;
        }

        return _invoker.Invoke(activation.Instance, arguments.AsSpan())!;
    }

    private Task<T> SendAsync<T>(
        GrainFactory caller,
        GrainId target,
        bool isAlwaysInterleave,
        Func<Activation, CancellationToken, Task<T>> body,
        CancellationToken cancellationToken)
    {
        Request<T> request = new(body, _name, target, _timeout, cancellationToken)
        {
            IsAlwaysInterleave = isAlwaysInterleave,
            Context = (Dictionary<string, object>?)new DeepCopier().Copy(RequestContext.Current),
            Origin = caller.Silo,
        };
        caller.Send(target, request);
        return request.Answer;
    }

    /// <summary>A method with one answer; without one, <typeparamref name="T"/> is object and the answer null.</summary>
    private sealed class TaskMethod<T>(MethodInfo method) : GrainMethod(method)
    {
        internal override object Call(GrainFactory caller, GrainId target, object?[] arguments)
        {
            CancellationToken cancellationToken = Isolate(arguments);
            return SendAsync(
                caller, target, _isAlwaysInterleave, (activation, token) => RunAsync(activation, arguments, token), cancellationToken);
        }

        /// <summary>Stays on the activation's scheduler, so the answer is copied before anything else can change it.</summary>
        private async Task<T> RunAsync(Activation activation, object?[] arguments, CancellationToken token)
        {
            var task = (Task)Invoke(activation, arguments, token);
            await task;
            return task is Task<T> { Result: { } answer } ? (T)new DeepCopier().Copy(answer)! : default!;
        }
    }

    /// <summary>A method with a stream of answers. Its requests interleave always, as upstream's do.</summary>
    private sealed class StreamMethod<T>(MethodInfo method) : GrainMethod(method)
    {
        internal override object Call(GrainFactory caller, GrainId target, object?[] arguments)
        {
            CancellationToken argumentToken = Isolate(arguments);
            return new GrainStream<T>(SendStartAsync, argumentToken);

            Task SendStartAsync(StreamSession<T> session, CancellationToken cancellationToken) => SendAsync(
                caller, target, isAlwaysInterleave: true, (activation, _) => StartAsync(session, activation), cancellationToken);

            Task<bool> StartAsync(StreamSession<T> session, Activation activation)
            {
                session.Start(activation, token => (IAsyncEnumerable<T>)Invoke(activation, [.. arguments], token));
                return Task.FromResult(true);
            }
        }
    }
}
